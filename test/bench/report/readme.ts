import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Section } from '../bench.ts';
import { markdown } from './markdown.ts';

const root = new URL('../../../', import.meta.url);

/** A description of the machine. */
export function machine(): string {
  return `${availableParallelism()} cores, Node.js ${process.version}`;
}

/** Writes the results of a bench between its marks in the README, and its pictures to their paths. */
export function write(name: string, section: Section, how: string): void {
  writeBetween('test/bench/README.md', name, `${markdown(section)}\n\nMeasured on ${machine()}, ${how}.`);
  writePictures(section.pictures);
}

/** The page with this text between two marks. Throws if it has no such marks. */
export function withText(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const before = readFileSync(new URL(page, root), 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no marks for ${name}.`);
  return `${before.slice(0, from)}${begin}\n\n${text}\n\n${before.slice(to)}`;
}

/** Writes a text between its marks in a page. */
export function writeBetween(page: string, name: string, text: string): void {
  writeFileSync(new URL(page, root), withText(page, name, text));
}

/** Writes pictures, by their path in the repository. */
export function writePictures(pictures: Readonly<Record<string, string>> = {}): void {
  for (const [place, picture] of Object.entries(pictures)) {
    const file = fileURLToPath(new URL(place, root));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, picture);
  }
}
