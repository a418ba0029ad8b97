import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Section } from '../bench.ts';
import { markdown } from './markdown.ts';

const root = new URL('../../../', import.meta.url);
const readme = new URL('test/bench/README.md', root);

/** A description of the machine. */
export function machine(): string {
  return `${availableParallelism()} cores, Node.js ${process.version}`;
}

/** Writes the results of a bench between its marks in the README, and its pictures to their paths. */
export function write(name: string, section: Section, how: string): void {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const text = readFileSync(readme, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The README has no marks for ${name}.`);
  const told = `${begin}\n\n${markdown(section)}\n\nMeasured on ${machine()}, ${how}.\n\n`;
  writeFileSync(readme, `${text.slice(0, from)}${told}${text.slice(to)}`);
  for (const [place, picture] of Object.entries(section.pictures ?? {})) {
    const file = fileURLToPath(new URL(place, root));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, picture);
  }
}
