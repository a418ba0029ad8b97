import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { descriptorShares, maxDescriptors } from '../../functions/local/descriptors.ts';
import { aRequest } from '../contract/ports/app-world.ts';
import { RawServer } from '../contract/ports/raw-server.ts';
import { type Client, connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type FewDescriptors, withDescriptors } from '../support/few-descriptors.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { runsGatewaysOnBun } from '../support/runtime.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe('the descriptors of a process', () => {
  test.for([
    { descriptors: 64, app: 16, clients: 20 },
    { descriptors: 256, app: 64, clients: 200 },
    { descriptors: 1_024, app: 256, clients: 920 },
    { descriptors: 16_380, app: 4_095, clients: 15_316 },
    { descriptors: 16_384, app: 4_096, clients: 15_320 },
    { descriptors: 1_048_576, app: 4_096, clients: 1_044_440 },
    { descriptors: Number.POSITIVE_INFINITY, app: 4_096, clients: Number.POSITIVE_INFINITY },
    { descriptors: 3, app: 1, clients: 1 },
  ])('$descriptors of them are at most $app for hooks and $clients for clients', (given) => {
    expect({ descriptors: given.descriptors, ...descriptorShares(given.descriptors) }).toEqual(given);
  });

  test('are those that the process was given', async () => {
    expect(maxDescriptors()).toBeGreaterThan(64);
    const program = await programOf('functions/local/descriptors.ts');
    const code = `import('${program}').then((m) => console.log(m.maxDescriptors()))`;
    const few = withDescriptors(123, ['--eval', code]);
    stops.push(() => few.stop());
    await few.line((line) => Number(line) === 123);
  });
});

/** A gateway with so many descriptors, its app, which takes a while for each message, and so many clients. */
async function start(descriptors: number, sockets: number, host = '127.0.0.1') {
  const app = new RecordingApp();
  const base = (await app.listen()).replace('127.0.0.1', host);
  const gateway = withDescriptors(descriptors, [await programOf('infra/local/start.ts')], {
    ...{ PORT: '0', WEBHOOK_BASE_URL: base },
    SOCKETHOOK_DIR: mkdtempSync(join(tmpdir(), 'sockethook-')),
  });
  stops.push(
    () => app.stop(),
    () => gateway.stop(),
  );
  const url = String((await gateway.line(({ event }) => event === 'started'))['webSocket']);
  app.on('/all', async ({ fields }) => {
    if (fields['event'] === 'message') await sleep(50);
    return 204;
  });
  const clients: Client[] = [];
  stops.push(() => clients.map((client) => client.ws.terminate()));
  for (let at = 0; at < sockets; at++) clients.push(await connect(`${url}all`));
  return { app, gateway, url, clients };
}

const isLoss = ({ event }: Record<string, unknown>): boolean =>
  event === 'hook_lost' || event === 'hook_retried';

describe('a gateway that has few descriptors', () => {
  test.for([
    { sockets: 150, host: '127.0.0.1' },
    { sockets: 195, host: '127.0.0.1' },
    { sockets: 195, host: 'localhost' },
  ])(
    'loses nothing of what $sockets clients send at once, with the app at $host',
    { timeout: 60_000 },
    async ({ sockets, host }, { skip }) => {
      skip(runsGatewaysOnBun && host === 'localhost', 'On Bun they are tried again (docs/operations.md).');
      const { app, gateway, clients } = await start(256, sockets, host);
      const each = 10;
      for (const client of clients) for (let at = 0; at < each; at++) client.send(String(at));
      const count = (): number => app.of('/all', 'message').length;
      await eventually('all has come', () => count() >= sockets * each);
      expect(gateway.lines.filter(isLoss)).toEqual([]);
      const told = new Map<string, string[]>();
      for (const { fields } of app.of('/all', 'message')) {
        const from = fields['from'] ?? '';
        told.set(from, [...(told.get(from) ?? []), fields['body'] ?? '']);
      }
      expect(told.size).toBe(sockets);
      for (const bodies of told.values())
        expect(bodies).toEqual(Array.from({ length: each }, (_, at) => `${at}`));
    },
  );

  test('lets no more clients in than leaves some for hooks', { timeout: 60_000 }, async () => {
    const { app, clients, url } = await start(256, 200);
    await expect(tryConnect(`${url}all`)).rejects.toThrow();
    clients[0]?.send('still heard');
    await app.hook('/all', 'message', ({ fields }) => fields['body'] === 'still heard');
  });
});

const hasPrlimit = spawnSync('prlimit', ['--version']).error === undefined;

/** An app that answers every hook, and a process without descriptors that posts to it. */
async function starve(hooks: number, backMs: number, timeoutMs: number, host = '127.0.0.1') {
  const server = new RawServer((connection) => connection.write('HTTP/1.1 204 No Content\r\n\r\n'));
  const origin = (await server.listen()).replace('127.0.0.1', host);
  const program = await programOf('test/http/starved.ts');
  const args = [program, origin, `${hooks}`, `${backMs}`, `${timeoutMs}`];
  const few: FewDescriptors = withDescriptors(64, args);
  stops.push(
    () => server.stop(),
    () => few.stop(),
  );
  await eventually('all has been answered', () => few.lines.length === hooks + 1);
  return few.lines.slice(1);
}

describe.skipIf(!hasPrlimit)('hooks for which there is no connection at all (this needs prlimit)', () => {
  test.for(['127.0.0.1', 'localhost'])('wait for one, up to their own time (%s)', async (host) => {
    const answers = await starve(30, 700, 3_000, host);
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'response', status: 204 });
      expect(answer['afterMs']).toBeGreaterThan(600);
    }
  });

  test('are given up when that is over', async () => {
    const answers = await starve(3, 10_000, 500);
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'unreachable', why: 'EMFILE' });
      expect(answer['afterMs']).toBeGreaterThan(350);
      expect(answer['afterMs']).toBeLessThan(2_000);
    }
  });
});

test('hooks do not keep an app waiting that does not listen', async () => {
  const { HttpApp } = await import('../../functions/node/http-app.ts');
  const { systemClock } = await import('../../functions/node/system-clock.ts');
  const app = new HttpApp('http://localhost:9', systemClock);
  stops.push(() => app.stop());
  const begun = performance.now();
  expect(await app.post(aRequest('http://localhost:9'))).toMatchObject({ kind: 'unreachable' });
  expect(performance.now() - begun).toBeLessThan(1_000);
});
