import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { esbuildOptions, thisNode } from '../aws/esbuild-options.ts';

/** A program to bundle: a file of the repository, or a source text. */
export type Entry = { readonly file: URL } | { readonly text: string };

/** Bundles programs as the stack does, into one file each. Returns the files by the names of the programs. */
export async function bundle(
  entries: Readonly<Record<string, Entry>>,
  { isMinified = true }: { readonly isMinified?: boolean } = {},
): Promise<Record<string, { readonly file: string; readonly bytes: number }>> {
  const folder = await mkdtemp(join(tmpdir(), 'sockethook-bench-'));
  const bundled = Object.entries(entries).map(async ([name, entry]) => {
    const file = join(folder, `${name}.mjs`);
    await build({
      ...('file' in entry
        ? { entryPoints: [fileURLToPath(entry.file)] }
        : { stdin: { contents: entry.text, resolveDir: fileURLToPath(new URL('../../', import.meta.url)) } }),
      ...esbuildOptions(thisNode),
      ...{ outfile: file, minify: isMinified },
    });
    return [name, { file, bytes: (await stat(file)).size }] as const;
  });
  return Object.fromEntries(await Promise.all(bundled));
}

/** The file of a Lambda handler. */
export function doorFile(name: string): URL {
  return new URL(`../../functions/${name}.ts`, import.meta.url);
}
