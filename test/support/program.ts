import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const folder = resolve('node_modules/.cache/sockethook-programs');
const built = new Map<string, Promise<string>>();

/** Bundles a TypeScript program of this project; resolves to the path of a JavaScript file, which starts without tsx. */
export function programOf(source: string): Promise<string> {
  const known = built.get(source);
  if (known !== undefined) return known;
  const made = bundle(source);
  built.set(source, made);
  return made;
}

async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source],
    ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', write: false },
  });
  const file = join(folder, basename(source).replace(/\.ts$/, '.mjs'));
  // Another worker may start the same program at this moment.
  const fresh = `${file}.${randomUUID()}`;
  await mkdir(folder, { recursive: true });
  await writeFile(fresh, outputFiles[0]?.contents ?? '');
  await rename(fresh, file);
  return file;
}
