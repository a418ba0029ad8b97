import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reply } from './reply.ts';

const files: ReadonlyMap<string, Reply> = new Map([
  ['/', read('page.html', 'text/html')],
  ['/page.css', read('page.css', 'text/css')],
  ['/page.js', await script()],
]);

/** The file of the page at this path; undefined if there is none. */
export function pageFile(path: string): Reply | undefined {
  return files.get(path);
}

function read(name: string, type: string): Reply {
  const body = readFileSync(new URL(name, import.meta.url), 'utf8');
  return { status: 200, type: `${type}; charset=utf-8`, body };
}

/** The script with the browser client in it. The package has it bundled, and a clone bundles it at each start. */
async function script(): Promise<Reply> {
  const file = read('page.js', 'text/javascript');
  if (!import.meta.url.endsWith('/page.ts')) return file;
  const { build } = await import('esbuild');
  const entryPoints = [fileURLToPath(new URL('page.js', import.meta.url))];
  const options = { bundle: true, format: 'esm', target: 'es2022', write: false } as const;
  const { outputFiles } = await build({ entryPoints, ...options });
  return { ...file, body: outputFiles[0]?.text ?? '' };
}
