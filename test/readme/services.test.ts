import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings } from '../../functions/local/settings.ts';
import { has } from './has.ts';
import { doc } from './page.ts';

const page = doc('operations');
const [unit = ''] = page.code('A service with systemd', 'ini');
const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-services-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the systemd unit starts what `npm start` runs, and gives it the time that it needs to stop', () => {
  expect(/^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)?.[1]).toBe(manifest.scripts.start);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(15);
});

test('the page names the program of the package for those who have no clone', () => {
  const program = `node_modules/${manifest.name}/${manifest.bin.sockethook}`;
  expect(page.section('A service with systemd')).toContain(`\`/usr/bin/node ${program}\``);
});

test.skipIf(!has('systemd-analyze'))('systemd finds nothing wrong with the unit', async () => {
  const file = join(folder, 'sockethook.service');
  // The path of Node.js differs from machine to machine, and systemd looks whether it is there.
  await writeFile(file, unit.replace('/usr/bin/node', process.execPath));
  const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', file]);
  expect(stderr).toBe('');
});

describe('the Dockerfile, of which no test builds an image,', () => {
  const [file = ''] = page.code('A container', 'dockerfile');
  const [commands = ''] = page.code('A container', 'sh');
  const steps = file
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ (.*)/s).slice(0, 2));
  const step = (name: string): string => {
    const found = steps.filter(([instruction]) => instruction === name);
    expect(found, `one ${name}`).toHaveLength(1);
    return found[0]?.[1] ?? '';
  };
  const environment = Object.fromEntries(
    step('ENV')
      .split(' ')
      .map((pair) => pair.split('=')),
  );

  test('has a Node.js with SQLite, which the package allows', async () => {
    const major = Number(/^node:(\d+)-slim$/.exec(step('FROM'))?.[1]);
    const needed = Number(/^>=(\d+)/.exec(manifest.engines.node)?.[1]);
    expect(major).toBeGreaterThanOrEqual(needed);
    expect(major, 'the first whose SQLite needs no flag is 22.13').toBeGreaterThan(22);
  });

  test('installs this package, and starts its program, which gets the signals itself', () => {
    expect(step('RUN')).toContain(`npm install --global ${manifest.name} &&`);
    const command: unknown = JSON.parse(step('CMD'));
    expect(command, 'as a list, so that no shell stands before it').toEqual([Object.keys(manifest.bin)[0]]);
    expect(step('STOPSIGNAL')).toBe('SIGTERM');
  });

  test('runs the gateway as a user who owns the volume and nothing else, and listens to the outside', () => {
    const user = step('USER');
    expect(['root', '0']).not.toContain(user);
    expect(step('RUN')).toMatch(
      new RegExp(`install --directory --owner=${user} --group=${user} ${step('VOLUME')}$`),
    );
    const order = steps.map(([instruction]) => instruction);
    expect(order.indexOf('USER')).toBeGreaterThan(order.indexOf('RUN'));
    const parsed = parseSettings(environment);
    expect(parsed).toMatchObject({ ok: true, value: { host: '0.0.0.0', folder: step('VOLUME') } });
    expect(parsed.ok && String(parsed.value.port)).toBe(step('EXPOSE'));
  });

  test('is run with a volume, its port, and the time that a drain and the end need', () => {
    const option = (name: string): string => new RegExp(`--${name} (\\S+)`).exec(commands)?.[1] ?? '';
    const drain = Number(/DRAIN_SECONDS=(\d+)/.exec(commands)?.[1]);
    expect(Number(option('stop-timeout'))).toBeGreaterThanOrEqual(15 + drain);
    expect(option('volume').split(':')[1]).toBe(step('VOLUME'));
    expect(option('publish').split(':').slice(1)).toEqual([step('EXPOSE'), step('EXPOSE')]);
  });

  test('is what a shell can read', () => {
    execFileSync('sh', ['-n', '-c', `${step('RUN')}\n${commands}`]);
  });
});
