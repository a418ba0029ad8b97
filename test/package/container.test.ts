import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { doc } from '../readme/page.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { Package } from './package.ts';

let made: Package;
beforeAll(async () => {
  made = await Package.pack();
});
afterAll(() => made.remove());

const [file = ''] = doc('operations').code('A container', 'dockerfile');
const line = (instruction: string): string => new RegExp(`^${instruction} (.*)$`, 'm').exec(file)?.[1] ?? '';

test('what the Dockerfile installs and runs serves, and a SIGTERM drains it; no image is built', async () => {
  const root = mkdtempSync(join(made.tarball, '..', 'container-'));
  const install = /^npm (install --global) sockethook &&/.exec(line('RUN'))?.[1] ?? '';
  const options = ['--prefix', root, '--prefer-offline', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', [...install.split(' '), ...options, made.tarball]);
  const [program = '', ...args]: string[] = JSON.parse(line('CMD'));
  const shown = Object.fromEntries(
    line('ENV')
      .split(' ')
      .map((pair) => pair.split('=')),
  );
  const app = new RecordingApp();
  const gateway = new ChildApp(join(root, 'bin', program), args, {
    ...{ ...shown, HOST: '127.0.0.1', SOCKETHOOK_DIR: join(root, 'data'), PORT: String(await freePort()) },
    ...{ WEBHOOK_BASE_URL: await app.listen(), DRAIN_SECONDS: '1' },
  });
  onTestFinished(async () => {
    await gateway.stop(10_000);
    await app.stop();
  });
  await gateway.says('"event":"started"');
  const [, url] = /"webSocket":"([^"]+)"/.exec(gateway.output) ?? [];
  const client = await connect(`${url}room`);
  gateway.signal('SIGTERM');
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await gateway.ended).toEqual([0, null]);
  expect(app.of('/room', 'closed')).toHaveLength(1);
});
