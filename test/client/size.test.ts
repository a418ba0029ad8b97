import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('minified and gzipped, the browser client has less than 3 KB, and nothing but its own code', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: ['sdk/client/index.ts'],
    ...{ bundle: true, minify: true, format: 'iife', globalName: 'sockethook', target: 'es2022' },
    ...{ write: false, metafile: true, outdir: '/' },
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  expect(bytes, 'bytes').toBeGreaterThan(1_000);
  expect(bytes, 'bytes').toBeLessThan(3_000);
  const foreign = Object.keys(metafile.inputs).filter((file) => !file.startsWith('sdk/client/'));
  expect(foreign.sort()).toEqual(['functions/wire/backoff.ts', 'functions/wire/ping.ts']);
});
