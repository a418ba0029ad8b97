import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Section } from '../bench/bench.ts';
import { isMet, markdown, tableText } from '../bench/report/markdown.ts';
import { withText, writeBetween, writePictures } from '../bench/report/readme.ts';
import { sectionOf, sizes, troubles } from './report.ts';
import { type Outcome, simulate } from './simulate.ts';

const page = 'docs/http-api.md';
const mark = 'simulation';
const usualSeed = 1;

/** `npm run simulate -- [--check] [--write] [--seed=NUMBER]` */
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(usualSeed) },
  },
});
const seed = Number(values.seed);
if (!Number.isInteger(seed) || seed < 0) {
  process.stderr.write('--seed must be a whole number, 0 or more.\n');
  process.exit(1);
}

const begun = performance.now();
const bySize: Outcome[] = [];
for (const scenario of sizes) bySize.push(await simulate({ ...scenario, seed }));
const byTrouble = new Map<string, Outcome>();
for (const [what, scenario] of Object.entries(troubles))
  byTrouble.set(what, await simulate({ ...scenario, seed }));
const section = sectionOf(bySize, byTrouble);
process.stdout.write(`${markdown(section)}\n\n`);
process.stdout.write(`Seed ${seed}, ${Math.round((performance.now() - begun) / 1_000)} s.\n`);
const text = section.tables.map(tableText).join('\n\n');
if (values.write) {
  writeBetween(page, mark, text);
  writePictures(section.pictures);
}
if (values.check) process.exitCode = failures(section).length;

/** Says what is not as it must be. */
function failures({ targets }: Section): string[] {
  const failed = targets
    .filter((target) => !isMet(target))
    .map(({ what, measured }) => `${what}: ${measured}`);
  const stands = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  if (seed === usualSeed && withText(page, mark, text) !== stands)
    failed.push(`${page} has other numbers. Run: npm run simulate -- --write`);
  for (const failure of failed) process.stderr.write(`${failure}\n`);
  return failed;
}
