import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

/** What Biome says of a folder with this project's own rules and these files: its exit code. */
function checked(files: Readonly<Record<string, string>>): number {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-checks-'));
  try {
    for (const name of ['biome.json', '.gitignore']) copyFileSync(name, join(folder, name));
    mkdirSync(join(folder, 'node_modules/@biomejs/biome'), { recursive: true });
    copyFileSync(
      'node_modules/@biomejs/biome/configuration_schema.json',
      join(folder, 'node_modules/@biomejs/biome/configuration_schema.json'),
    );
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    execFileSync(biome, ['ci', '--error-on-warnings'], { cwd: folder, stdio: 'ignore' });
    return 0;
  } catch {
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const unformatted = '{"apiKeys":\n["key"] }';

test('what a start leaves behind, and whatever else git ignores, is not checked', () => {
  const left = ['.sockethook/secrets.json', 'coverage/report.json', 'cdk.out/manifest.json', 'dist/a.json'];
  expect(checked(Object.fromEntries(left.map((file) => [file, unformatted])))).toBe(0);
});

test('what git keeps is checked', () => {
  expect(checked({ 'infra/settings.json': unformatted })).toBe(1);
});
