import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { LastingStore } from '../fakes/lasting-store.ts';
import { connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { sharesProcess, startLocal } from '../support/local.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { runtime } from '../support/runtime.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The gateway as `npm start` runs it, in a process of its own. */
async function start(app: RecordingApp, environment: Record<string, string> = {}, listening?: string) {
  const base = listening ?? (await app.listen());
  const child = spawn(runtime, [await programOf('infra/local/start.ts')], {
    env: {
      ...{ PATH: process.env['PATH'], PORT: '0', WEBHOOK_BASE_URL: base },
      SOCKETHOOK_DIR: mkdtempSync(join(tmpdir(), 'sockethook-')),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const lines: Record<string, unknown>[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const logged = JSON.parse(line);
      lines.push(logged);
      if (logged.event === 'started') resolve(String(logged.webSocket));
    });
  });
  return { child, exited, lines, url };
}

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s closes every socket with 1001, tells each closed once, and ends with 0',
  async (signal) => {
    const app = new RecordingApp();
    const { child, exited, url, lines } = await start(app);
    const clients = await Promise.all(['a', 'b', 'c'].map((path) => connect(`${url}${path}`)));
    child.kill(signal);
    for (const client of clients) expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    expect(await exited).toBe(0);
    for (const path of ['/a', '/b', '/c']) {
      expect(app.of(path, 'closed').map(({ fields }) => fields['code'])).toEqual(['1001']);
    }
    expect(lines.map(({ event }) => event)).toEqual(['started', 'stopping', 'stopped']);
    await app.stop();
  },
);

test.for(['SIGTERM', 'SIGINT'] as const)(
  'a %s that npm passes on a second time does not cut the closed hooks off, and a later one ends it at once',
  async (signal) => {
    const app = new RecordingApp();
    const { child, exited, url } = await start(app);
    app.on('/stuck', ({ fields }) => (fields['event'] === 'closed' ? 'hang' : 204));
    await connect(`${url}stuck`);
    child.kill(signal);
    await app.hook('/stuck', 'closed');
    child.kill(signal);
    expect(await Promise.race([exited, sleep(1_500)]), 'it goes on').toBeUndefined();
    const begun = Date.now();
    child.kill(signal);
    expect(await exited).toBe(1);
    expect(Date.now() - begun).toBeLessThan(2_000);
    await app.stop();
  },
);

test('sockets are closed with 1001 where no hook is to be waited for', async () => {
  const app = new RecordingApp();
  const { child, exited, url } = await start(app, { HOOKS: 'message' });
  const clients = await Promise.all(['a', 'b', 'c'].map((path) => connect(`${url}${path}`)));
  child.kill('SIGTERM');
  for (const client of clients) expect((await client.closed).code).toBe(1001);
  expect(await exited).toBe(0);
  await app.stop();
});

test('a client that is still waiting to be let in is refused with 503, and its app is told 1001', async () => {
  const app = new RecordingApp();
  const { child, exited, url } = await start(app);
  let answer: (status: number) => void = () => {};
  const answered = new Promise<number>((resolve) => {
    answer = resolve;
  });
  app.on('/late', ({ fields }) => (fields['event'] === 'handshake' ? answered : 204));
  const waiting = tryConnect(`${url}late`);
  await app.hook('/late', 'handshake');
  child.kill('SIGTERM');
  await expect.poll(async () => (await tryConnect(`${url}new`)) as unknown).toMatchObject({ status: 503 });
  answer(204);
  expect(await waiting).toMatchObject({ status: 503 });
  expect(await exited).toBe(0);
  expect(app.of('/late', 'closed').map(({ fields }) => fields['code'])).toEqual(['1001']);
  await app.stop();
});

test('an app that does not take its closed hooks delays the end by less than 15 seconds, and gets them at the next start', async () => {
  const app = new RecordingApp();
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const { child, exited, url, lines } = await start(app, { SOCKETHOOK_DIR: folder });
  app.on('/stuck', ({ fields }) => (fields['event'] === 'closed' ? 'hang' : 204));
  const client = await connect(`${url}stuck`);
  await app.hook('/stuck', 'handshake');
  const begun = Date.now();
  child.kill('SIGTERM');
  expect((await client.closed).code).toBe(1001);
  expect(await exited).toBe(0);
  expect(Date.now() - begun).toBeLessThan(15_000);
  expect(lines.filter(({ event }) => event === 'hook_lost')).toEqual([]);
  const tried = app.of('/stuck', 'closed').length;
  app.on('/stuck', () => 204);
  const next = await start(app, { SOCKETHOOK_DIR: folder }, app.baseUrl);
  await eventually('the closed hook', () => app.of('/stuck', 'closed').length === tried + 1);
  expect(new Set(app.of('/stuck', 'closed').map(({ fields }) => fields['code']))).toEqual(new Set(['1001']));
  next.child.kill('SIGTERM');
  expect(await next.exited).toBe(0);
  await app.stop();
});

test.skipIf(!sharesProcess)(
  'what is still to be told when the time is over is told at the next start',
  async () => {
    const store = new LastingStore();
    const world = await startLocal({ HOOK_TIMEOUT_MS: '60000' }, {}, { store });
    world.app.on('/stuck', ({ fields }) => (fields['event'] === 'message' ? 'hang' : 204));
    world.app.on('/connecting', () => 'hang');
    const client = await connect(`${world.url}/stuck`);
    for (const body of ['m1', 'm2', 'm3']) client.send(body);
    await world.app.hook('/stuck', 'message');
    void tryConnect(`${world.url}/connecting`).catch(() => {});
    await world.app.hook('/connecting', 'handshake');
    await client.close();
    await world.gateway.stop(100);
    expect(world.log.of('hook_lost')).toEqual([]);
    expect(world.log.of('messages_lost')).toEqual([]);
    for (const path of ['/stuck', '/connecting']) world.app.on(path, () => 204);
    const next = await startLocal({ WEBHOOK_BASE_URL: world.app.baseUrl }, {}, { store });
    await Promise.all(['/stuck', '/connecting'].map((path) => world.app.hook(path, 'closed')));
    const told = world.app.of('/stuck').map(({ fields }) => fields['body'] || fields['event']);
    expect(told).toEqual(['handshake', 'm1', 'm1', 'm2', 'm3', 'closed']);
    expect(world.app.of('/connecting', 'closed')[0]?.fields['code']).toBe('1006');
    await next.stop();
    await world.app.stop();
  },
);

test('a gateway that stops waits for the hooks that run, and posts the messages behind them at its next start', async () => {
  const app = new RecordingApp();
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const { child, exited, url, lines } = await start(app, { SOCKETHOOK_DIR: folder });
  let finish: (status: number) => void = () => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  app.on('/busy', ({ fields }) => (fields['event'] === 'message' ? finished : 204));
  const clients = await Promise.all(Array.from({ length: 50 }, () => connect(`${url}busy`)));
  for (const client of clients) for (let at = 0; at < 20; at++) client.send(`m${at}`);
  await eventually('the first message of each', () => app.of('/busy', 'message').length === 50);
  for (const client of clients) client.ws.ping();
  await Promise.all(clients.map((client) => new Promise((resolve) => client.ws.once('pong', resolve))));
  child.kill('SIGTERM');
  await eventually('it stops', () => lines.some(({ event }) => event === 'stopping'));
  finish(204);
  expect(await exited).toBe(0);
  expect(app.of('/busy', 'closed'), 'closed before the messages').toEqual([]);
  expect(lines.filter(({ event }) => event === 'messages_lost' || event === 'hook_lost')).toEqual([]);
  app.on('/busy', () => 204);
  const next = await start(app, { SOCKETHOOK_DIR: folder }, app.baseUrl);
  await eventually('all closed hooks', () => app.of('/busy', 'closed').length === 50);
  const sockets = new Set(app.of('/busy', 'handshake').map(({ fields }) => fields['from']));
  for (const socket of sockets) {
    const told = app.of('/busy').filter(({ fields }) => fields['from'] === socket);
    const bodies = Array.from({ length: 20 }, (_, at) => `m${at}`);
    expect(told.map(({ fields }) => fields['body'] || fields['event'])).toEqual([
      'handshake',
      ...bodies,
      'closed',
    ]);
  }
  next.child.kill('SIGTERM');
  expect(await next.exited).toBe(0);
  await app.stop();
});

test('settings that are malformed are all named at once, without their values', async () => {
  const child = spawn(runtime, ['--import', 'tsx', 'infra/local/start.ts'], {
    env: { PATH: process.env['PATH'], PORT: 'x', HOOKS: 'handshakes', SOCKETHOOK_URL_KEYS: 'shortsecret' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  for (const name of ['PORT', 'HOOKS', 'SOCKETHOOK_URL_KEYS']) expect(said).toContain(name);
  expect(said).not.toContain('shortsecret');
  expect(said.trim().split('\n')).toHaveLength(3);
});

test('a port that is taken is said so, with what to do', async () => {
  const app = new RecordingApp();
  const base = await app.listen();
  const child = spawn(runtime, ['--import', 'tsx', 'infra/local/start.ts'], {
    env: {
      PATH: process.env['PATH'],
      PORT: new URL(base).port,
      WEBHOOK_BASE_URL: base,
      SOCKETHOOK_DIR: mkdtempSync(join(tmpdir(), 'sockethook-')),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
  expect(said).toContain('set PORT to another port');
  await app.stop();
});

test('logs hold no secret, ticket, cookie or body, even when everything fails', async () => {
  const app = new RecordingApp();
  const { child, exited, url, lines } = await start(app, {
    SOCKETHOOK_API_KEYS: 'very-secret-api-key-0123',
    SOCKETHOOK_URL_KEYS: 'very-secret-url-key-0123456789-0123456789',
  });
  app.on('/leaky', ({ fields }) => (fields['event'] === 'handshake' ? 204 : 400));
  const headers = { Cookie: 'very-secret-cookie', Authorization: 'Bearer very-secret-token' };
  const client = await connect(`${url}leaky`, { headers });
  client.send('very-secret-body');
  await tryConnect(`${url}?ticket=very-secret-ticket`, { headers });
  await app.hook('/leaky', 'message');
  child.kill('SIGTERM');
  await exited;
  expect(lines.map(({ event }) => event)).toContain('hook_refused');
  expect(JSON.stringify(lines)).not.toMatch(/very-secret/);
  await app.stop();
});
