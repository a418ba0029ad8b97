import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const here = new URL('./', import.meta.url);
const rulesFolder = new URL('api-gateway/', here);

/** What a pattern finds, its first group, in all these files. */
function found(folder: URL, files: readonly string[], pattern: RegExp): (string | undefined)[] {
  return files.flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(pattern)].map(([, text]) => text),
  );
}

test('each rule that is emulated has a test of its name, and each test a rule', () => {
  const rules = found(rulesFolder, readdirSync(rulesFolder), /^ \* - (.+)$/gm);
  const suites = readdirSync(here).filter((file) => /^api-gateway-.*\.test\.ts$/.test(file));
  const tests = found(here, suites, /^ {2}test\('(.+)',/gm);
  expect(rules.length).toBeGreaterThan(50);
  expect(tests.sort()).toEqual(rules.sort());
});
