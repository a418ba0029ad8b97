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

/** The files of the page as text, by their names: what bundles are made with. */
declare const inspectorPage: Readonly<Record<string, string>> | undefined;

/** The files of the page by their names. The package has them in its bundle, and a clone beside this file. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const texts = typeof inspectorPage === 'undefined' ? pageTexts() : inspectorPage;
  const files = Object.entries(texts).map(([name, text]): [string, PageFile] => {
    const type = types.get(endingOf(name)) ?? 'text/plain';
    return [name, { type: `${type}; charset=utf-8`, body: Buffer.from(text) }];
  });
  return new Map(files);
}

/** The files of the page in a clone, as text, by their names. */
export function pageTexts(): Readonly<Record<string, string>> {
  const folder = new URL('page/', import.meta.url);
  const names = readdirSync(folder).filter((name) => types.has(endingOf(name)));
  return Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
