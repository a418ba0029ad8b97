import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { clientScript } from '../../infra/build/bundle-client.ts';

test('minified and gzipped, the browser client has less than 3 KB, and nothing but its own code', async () => {
  const { outputFiles, metafile } = await build({
    ...clientScript,
    ...{ write: false, metafile: true, outdir: '/' },
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  expect(bytes, 'bytes').toBeGreaterThan(1_000);
  expect(bytes, 'bytes').toBeLessThan(3_000);
  const foreign = Object.keys(metafile.inputs).filter((file) => !/^sdk\/client\/|^<stdin>$/.test(file));
  expect(foreign.sort()).toEqual([
    'functions/wire/backoff.ts',
    'functions/wire/ping.ts',
    'functions/wire/restart-notice.ts',
  ]);
});
