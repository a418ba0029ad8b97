import { readFileSync } from 'node:fs';
import type { Reply } from './reply.ts';

const files: ReadonlyMap<string, Reply> = new Map([
  ['/', read('page.html', 'text/html')],
  ['/page.css', read('page.css', 'text/css')],
  ['/page.js', read('page.js', 'text/javascript')],
]);

/** The file of the page at this path; undefined if there is none. */
export function pageFile(path: string): Reply | undefined {
  return files.get(path);
}

function read(name: string, type: string): Reply {
  const body = readFileSync(new URL(name, import.meta.url), 'utf8');
  return { status: 200, type: `${type}; charset=utf-8`, body };
}
