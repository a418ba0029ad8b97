import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseContext } from '../../infra/aws/context.ts';
import { ChildApp } from '../support/child-app.ts';
import { freePort } from '../support/free-port.ts';
import { doc, readme } from './page.ts';

const run = promisify(execFile);
const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-commands-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The lines of shell under a heading of a page. */
const lines = (page: typeof readme, heading: string): string[] =>
  page.code(heading, 'sh').flatMap((code) => code.trimEnd().split('\n'));

test('the commands for your app start a gateway for it, and give a shell the variables to call it', async () => {
  const [port, appPort] = [await freePort(), await freePort()];
  const shown = lines(doc('your-app'), 'Connecting your app to a gateway');
  const [start = '', env = ''] = shown;
  expect(shown).toHaveLength(2);
  expect(lines(readme, 'Your app')).toEqual(expect.arrayContaining([start, env.replace(/ +#.*$/, '')]));
  const variables = { PORT: String(port), SOCKETHOOK_DIR: join(folder, 'secrets') };
  const here = start.replace('127.0.0.1:3000', `127.0.0.1:${appPort}`);
  const options = { listening: /"event":"started"/, ownGroup: true };
  const gateway = await ChildApp.start('bash', ['-c', here], variables, options);
  try {
    expect(gateway.output).toContain(`"hooks":"http://127.0.0.1:${appPort}/websocket"`);
    const call = 'curl -sS -H "Authorization: Bearer $SOCKETHOOK_API_KEY" "$SOCKETHOOK_API_URL/sockets"';
    const { stdout } = await run('bash', ['-c', `${env}\n${call}`], {
      env: { ...process.env, ...variables },
    });
    expect(JSON.parse(stdout)).toEqual({ sockets: [] });
  } finally {
    await gateway.stop();
  }
});

test('the README installs the package that `npm pack` makes', () => {
  const shown = lines(readme, 'Your app');
  expect(shown).toContain('npm pack');
  const [, tarball] = /^npm install \.\.\/sockethook\/(.*)$/m.exec(shown.join('\n')) ?? [];
  expect(tarball).toBe(`${manifest.name}-${manifest.version}.tgz`);
  expect(doc('sdk').text).toContain(`npm install ./${tarball}`);
  expect(shown.at(-1)).toBe('node app.mjs');
});

/** Runs shell commands beside programs that only note how they were called; gives these calls. */
async function calls(script: string): Promise<string[]> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  const note = `#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\n`;
  for (const name of ['npm', 'npx']) await writeFile(join(folder, 'bin', name), note, { mode: 0o755 });
  const file = join(folder, 'calls');
  await writeFile(file, '');
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, CALLS: file };
  await run('bash', ['--norc', '-c', `set -euo pipefail\n${script}`], { env });
  return (await readFile(file, 'utf8')).trimEnd().split('\n');
}

const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');

test('the commands of the CDK exist, and the settings that they pass are settings of the stack', async () => {
  const deploying = doc('aws').code('Deploying', 'sh')[0] ?? '';
  const scripts = [...readme.code('On AWS', 'sh'), deploying, ...doc('aws').code('Removing it', 'sh')];
  const made = await calls(scripts.join('\n'));
  expect(made.filter((call) => call.startsWith('npm '))).toEqual(['npm ci', 'npm ci']);
  const known = (await run(process.execPath, [cdk, '--help'])).stdout;
  const commands = made.filter((call) => call.startsWith('npx '));
  expect(commands).toHaveLength(5);
  for (const call of commands) {
    const [, tool, command = '', ...rest] = call.split(' ');
    expect(tool, call).toBe('cdk');
    expect(known, call).toMatch(new RegExp(`^ +cdk ${command}\\b`, 'm'));
    const context = rest.flatMap((word, at) => (rest[at - 1] === '-c' ? [word.split(/=(.*)/s)] : []));
    if (context.length > 0) expect(parseContext(Object.fromEntries(context)).ok, call).toBe(true);
  }
});

test('the context that the page puts into cdk.json is one that the stack takes', () => {
  const [shown = ''] = doc('aws').code('Deploying', 'json');
  const { context } = JSON.parse(`{${shown.replace(', ... }', ' }')}}`);
  expect(parseContext(context).ok).toBe(true);
});
