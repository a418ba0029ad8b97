import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpApp } from '../../functions/node/http-app.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { aRequest, rawAnswer } from '../contract/ports/app-world.ts';
import { RawServer } from '../contract/ports/raw-server.ts';
import { eventually } from '../support/eventually.ts';
import { dialing } from '../support/on-bun.ts';

const noContent = rawAnswer('HTTP/1.1 204 No Content');

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An app that may have so many connections, and keeps each hook until it is let go. */
async function start(max: number, answer = noContent) {
  const kept: Socket[] = [];
  const server = new RawServer((connection) => kept.push(connection));
  const origin = await server.listen();
  const app = new HttpApp(origin, systemClock, { ...dialing, max });
  stops.push(
    () => app.stop(),
    () => server.stop(),
  );
  const letGo = (): void => {
    for (const connection of kept.splice(0)) connection.write(answer);
  };
  const paths = (): string[] => server.requests.map((request) => request.split(' ')[1] ?? '');
  return { app, origin, server, kept, letGo, paths };
}

/** A port on which connections are made and never accepted, or, once two wait, not even made. */
async function listeningInVain() {
  const program = `
    const { createServer } = require('node:net');
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn('node', ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  return { port: Number(port), stop: async () => void child.kill('SIGKILL') };
}

/** How many connections of this machine to a port are made, or are being made. */
function connectionsTo(port: number): number {
  const [, ...lines] = readFileSync('/proc/net/tcp', 'latin1').trim().split('\n');
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const made = lines.map((line) => line.trim().split(/\s+/));
  return made.filter(([, , to = '', state = '']) => to.endsWith(remote) && ['01', '02'].includes(state))
    .length;
}

describe('with as many connections to the app as there may be', () => {
  test('hooks wait for one that becomes free, and come in their order', async () => {
    const { app, origin, server, kept, letGo, paths } = await start(2);
    const all = Array.from({ length: 12 }, (_, at) => `/${at}`);
    const posts = all.map((path) => app.post(aRequest(origin, { path })));
    for (let round = 0; round < 6; round++) {
      await eventually('two are there', () => kept.length === 2);
      expect(server.requests).toHaveLength(2 * (round + 1));
      letGo();
    }
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 204 });
    expect(paths()).toEqual(all);
    expect(server.counts.opened).toBe(2);
  });

  test('an app that closes each of them after its answer is reached on others', async () => {
    const server = new RawServer((connection) => connection.end('HTTP/1.0 204 No Content\r\n\r\n'));
    const origin = await server.listen();
    const app = new HttpApp(origin, systemClock, { ...dialing, max: 1 });
    stops.push(
      () => app.stop(),
      () => server.stop(),
    );
    const posts = Array.from({ length: 10 }, (_, at) => app.post(aRequest(origin, { path: `/${at}` })));
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 204 });
    expect(server.requests.map((request) => request.split(' ')[1])).toEqual(posts.map((_, at) => `/${at}`));
  });

  test('the time of a hook begins when it is sent, and is then the whole of it', async () => {
    const { app, origin, kept, letGo } = await start(1);
    // Two of the waits below are longer than this; one leaves time for a machine that is busy.
    const timeoutMs = 1_500;
    const first = app.post(aRequest(origin, { timeoutMs }));
    const second = app.post(aRequest(origin, { timeoutMs }));
    const third = app.post(aRequest(origin, { timeoutMs }));
    for (const post of [first, second]) {
      await eventually('it is there', () => kept.length === 1);
      await sleep(900);
      letGo();
      expect(await post).toMatchObject({ status: 204 });
    }
    await eventually('the third is there', () => kept.length === 1);
    const begun = performance.now();
    expect(await third).toEqual({ kind: 'timeout' });
    expect(performance.now() - begun).toBeGreaterThan(1_000);
  });

  test('a hook that waits longer than it may never reaches the app, and the next one does', async () => {
    const { app, origin, kept, letGo, paths } = await start(1);
    const first = app.post(aRequest(origin, { path: '/first' }));
    const impatient = app.post(aRequest(origin, { path: '/impatient', waitMs: 60 }));
    const patient = app.post(aRequest(origin, { path: '/patient' }));
    const why = 'no connection was free in time';
    expect(await impatient).toEqual({ kind: 'unreachable', why, isOurs: true });
    letGo();
    expect(await first).toMatchObject({ status: 204 });
    await eventually('the next one is there', () => kept.length === 1);
    letGo();
    expect(await patient).toMatchObject({ status: 204 });
    expect(paths()).toEqual(['/first', '/patient']);
  });

  test('a hook that had to wait is signed when it is sent, and one that had not is not signed twice', async () => {
    const { app, origin, server, kept, letGo } = await start(1);
    let signed = 0;
    const renew = (): Record<string, string> => ({ 'X-Signed': String(++signed) });
    const headers = { 'X-Signed': 'at once' };
    const posts = [1, 2].map(() => app.post(aRequest(origin, { headers, renew })));
    await eventually('the first is there', () => kept.length === 1);
    expect(signed).toBe(0);
    letGo();
    await eventually('the second is there', () => kept.length === 1);
    letGo();
    await Promise.all(posts);
    const came = server.requests.map((request) => /X-Signed: (.*)\r/.exec(request)?.[1]);
    expect(came).toEqual(['at once', '1']);
  });

  test('an app port that stops ends those that wait', async () => {
    const { app, origin, kept } = await start(1);
    const posts = [app.post(aRequest(origin)), app.post(aRequest(origin))];
    await eventually('the first is there', () => kept.length === 1);
    await app.stop();
    expect((await Promise.all(posts)).map(({ kind }) => kind)).toEqual(['broken', 'unreachable']);
  });

  test.skipIf(process.platform !== 'linux')(
    'hooks whose time is over while they connect leave no more connections than there may be (this needs Linux)',
    async () => {
      const max = 6;
      const { port, stop } = await listeningInVain();
      const origin = `http://127.0.0.1:${port}`;
      const app = new HttpApp(origin, systemClock, { ...dialing, max });
      stops.push(() => app.stop(), stop);
      const wave = () =>
        Promise.all(
          Array.from({ length: max }, () => app.post(aRequest(origin, { timeoutMs: 300, waitMs: 300 }))),
        );
      const most = [connectionsTo(port)];
      for (let at = 0; at < 4; at++) {
        const answers = wave();
        await eventually('a connection is made', () => connectionsTo(port) > 0);
        most.push(connectionsTo(port));
        for (const { kind } of await answers) expect(['timeout', 'unreachable']).toContain(kind);
        most.push(connectionsTo(port));
      }
      expect(Math.max(...most)).toBeLessThanOrEqual(max);
      // Now all that are made wait for a place on the other side.
      const stopped = new HttpApp(origin, systemClock, { ...dialing, max: 1 });
      const last = stopped.post(aRequest(origin, { timeoutMs: 10_000 }));
      await stopped.stop();
      expect(await last).toEqual({ kind: 'unreachable', why: 'stopped' });
    },
  );

  test('an app that is gone fails all that wait, and at once', async () => {
    const { app, origin, server } = await start(2);
    await server.stop();
    const begun = performance.now();
    const posts = Array.from({ length: 50 }, () => app.post(aRequest(origin)));
    for (const answer of await Promise.all(posts))
      expect(answer).toEqual({ kind: 'unreachable', why: 'ECONNREFUSED' });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
