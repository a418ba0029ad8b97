import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sockethook } from '../../infra/aws/index.ts';
import { ChildApp } from '../support/child-app.ts';
import { type Installation, Package } from './package.ts';

const props = { webhookBaseUrl: 'https://app.example/websocket', requireTicket: true } as const;

/** The stack of a user, in an empty directory. */
const program = `
import { App, Stack } from 'aws-cdk-lib';
import { Sockethook } from 'sockethook/aws';

const app = new App({ outdir: 'cdk.out' });
new Sockethook(new Stack(app, 'Mine'), 'Gateway', ${JSON.stringify(props)});
app.synth();
`;

let made: Package;
let installed: Installation;
const clone = mkdtempSync(join(tmpdir(), 'sockethook-synth-'));
beforeAll(async () => {
  made = await Package.pack();
  installed = await made.install();
  // The peers that a user of CDK has. A link saves the installation of many megabytes.
  for (const peer of ['aws-cdk-lib', 'constructs'])
    symlinkSync(resolve('node_modules', peer), join(installed.folder, 'node_modules', peer));
});
afterAll(async () => {
  await made.remove();
  rmSync(clone, { recursive: true });
});

/** A digest of all files of each asset, by the hash that the template calls it by. */
function digests(folder: string): Map<string, string> {
  const assets = readdirSync(folder).filter((name) => name.startsWith('asset.'));
  return new Map(
    assets.map((asset) => {
      const files = readdirSync(join(folder, asset)).sort();
      const digest = createHash('sha256');
      for (const file of files) digest.update(`${file}\n`).update(readFileSync(join(folder, asset, file)));
      return [asset.replace('asset.', ''), digest.digest('hex')];
    }),
  );
}

/** A template in which each asset is called by what is in it. */
function templateOf(folder: string): { Resources: Record<string, { Type: string }> } {
  let text = readFileSync(join(folder, 'Mine.template.json'), 'utf8');
  for (const [hash, digest] of digests(folder)) text = text.replaceAll(hash, digest);
  return JSON.parse(text);
}

test('the types of the construct check without anything else of this repository', async () => {
  for (const tool of ['typescript', '@types'])
    symlinkSync(resolve('node_modules', tool), join(installed.folder, 'node_modules', tool));
  writeFileSync(join(installed.folder, 'app.mts'), `${program}new App() satisfies App;\n`);
  const tsc = ['node_modules/typescript/bin/tsc', '--strict', '--module', 'nodenext', '--target', 'es2023'];
  const child = new ChildApp(
    process.execPath,
    [...tsc, '--types', 'node', '--noEmit', 'app.mts'],
    {},
    {
      cwd: installed.folder,
    },
  );
  expect(await child.ended, child.written).toEqual([0, null]);
});

test('a CDK app in an empty directory has the same gateway, with the same code, as one in this repository', async () => {
  writeFileSync(join(installed.folder, 'app.mjs'), program);
  const child = new ChildApp(process.execPath, ['app.mjs'], {}, { cwd: installed.folder });
  expect(await child.ended, child.written).toEqual([0, null]);
  const app = new App({ outdir: clone });
  new Sockethook(new Stack(app, 'Mine'), 'Gateway', props);
  app.synth();
  const [theirs, ours] = [templateOf(join(installed.folder, 'cdk.out')), templateOf(clone)];
  const functions = Object.values(theirs.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  expect(functions.length).toBeGreaterThanOrEqual(15);
  expect(theirs).toEqual(ours);
}, 180_000);
