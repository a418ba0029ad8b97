import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChildApp } from '../support/child-app.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockethook-clone-'));
const npm = { HOME: folder, npm_config_update_notifier: 'false' };

beforeAll(async () => {
  for (const part of ['package.json', 'package-lock.json', 'functions', 'infra/local'])
    cpSync(part, join(folder, part), { recursive: true });
  const options = ['--omit=dev', '--prefer-offline', '--ignore-scripts', '--no-audit'];
  const installing = new ChildApp('npm', ['ci', ...options], npm, { cwd: folder });
  expect(await installing.ended, installing.written).toEqual([0, null]);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.for(['start', 'env'])(
  'in a clone without its development dependencies `npm run %s` says what to run',
  async (script) => {
    const run = new ChildApp('npm', ['run', '--silent', script], npm, { cwd: folder });
    expect(await run.ended).toEqual([1, null]);
    expect(run.errors).toMatch(/^A clone needs its development dependencies to run: run `npm ci`[^\n]*\n$/);
    expect(run.output).toBe('');
  },
);
