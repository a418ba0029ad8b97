import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseContext } from '../../infra/aws/context.ts';
import { ChildApp } from '../support/child-app.ts';
import { cdkJson } from './synthesised.ts';

const require = createRequire(import.meta.url);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-synth-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('cdk.json sets every feature flag as the CDK recommends it to new projects', () => {
  expect(cdkJson.context).toEqual(require('aws-cdk-lib/recommended-feature-flags.json'));
});

test('no feature flag is taken for a setting of ours', () => {
  const settings = parseContext({ ...cdkJson.context, webhookBaseUrl: 'https://app.example/websocket' });
  expect(settings.ok).toBe(true);
});

test('cdk synth makes the stack and warns of nothing', { timeout: 120_000 }, async () => {
  const args = ['--output', folder, '-c', 'webhookBaseUrl=https://app.example/websocket'];
  // What the CDK tells of its own releases comes from a server, and is nothing that we wrote.
  const command = ['node_modules/aws-cdk/bin/cdk', 'synth', '--quiet', '--no-notices', ...args];
  // A machine of its own: no credentials, and no region but what a stack without one has.
  const cdk = new ChildApp('node', command, { HOME: folder, CI: 'true', CDK_DISABLE_VERSION_CHECK: '1' });
  expect(await cdk.ended).toEqual([0, null]);
  expect(await readdir(folder)).toContain('Sockethook.template.json');
  const said = cdk.written.split('\n').filter((line) => line.trim() !== '' && !isOfEsbuild(line));
  expect(said).toEqual([]);
  expect(await readFile(join(folder, 'manifest.json'), 'utf8')).not.toMatch(/aws:cdk:(warning|error)/);
});

/** What bundling tells of each function. */
function isOfEsbuild(line: string): boolean {
  return /^Bundling asset |index\.mjs +[\d.]+kb$|Done in \d+ms$/.test(line);
}
