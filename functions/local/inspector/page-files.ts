import { readdirSync, readFileSync } from 'node:fs';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const types: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['js', 'text/javascript'],
  ['svg', 'image/svg+xml'],
]);

/** The files of the page by their names. The package has them beside `bin.js`, and a clone beside this file. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL(import.meta.url.endsWith('/dist/bin.js') ? 'inspector/' : 'page/', import.meta.url);
  const files = readdirSync(folder).flatMap((name) => {
    const type = types.get(name.slice(name.lastIndexOf('.') + 1));
    if (type === undefined) return [];
    return [[name, { type: `${type}; charset=utf-8`, body: readFileSync(new URL(name, folder)) }] as const];
  });
  return new Map(files);
}
