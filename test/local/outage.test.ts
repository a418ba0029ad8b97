import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { LastingStore } from '../fakes/lasting-store.ts';
import { Client, connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { programOf } from '../support/program.ts';
import { RecordingApp } from '../support/recording-app.ts';

let child: ChildProcess | undefined;
let world: LocalWorld | undefined;
afterEach(async () => {
  if (child?.exitCode === null) child.kill('SIGKILL');
  await world?.stop();
  [child, world] = [undefined, undefined];
});

/** The gateway as `npm start` runs it, and the events that it has logged. */
async function start(base: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const started = spawn(process.execPath, [await programOf('infra/local/start.ts')], {
    env: { PATH: process.env['PATH'], PORT: '0', WEBHOOK_BASE_URL: base, SOCKETHOOK_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const logged: Record<string, unknown>[] = [];
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: started.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      logged.push(event);
      if (event.event === 'started') resolve(String(event.webSocket));
    });
  });
  const of = (event: string) => logged.filter((line) => line['event'] === event);
  return { url, of };
}

/** How an app that works for 10 ms on each hook is used. */
class Load {
  readonly told = new Map<string, string[]>();
  atOnce = 0;
  /** Since it is back: the hooks done, and the most at once beyond what a slow start allows. */
  done = 0;
  excess = 0;

  readonly handle = async ({ fields }: { fields: Record<string, string> }): Promise<number> => {
    const { event = '', from = '', body } = fields;
    this.atOnce += 1;
    this.excess = Math.max(this.excess, this.atOnce - Math.min(64, 4 + this.done));
    const before = this.told.get(from) ?? [];
    this.told.set(from, [...before, body || event]);
    await sleep(10);
    this.atOnce -= 1;
    this.done += 1;
    return 204;
  };

  restart(): void {
    [this.done, this.excess] = [0, 0];
  }
}

/** What a client has sent, as the app is told. A hook whose answer was lost with the app may be told again. */
function inOrder(told: readonly string[]): string[] {
  return told.filter((one, at) => at === 0 || one !== told[at - 1]);
}

test('50 clients talk on while their app is down for seconds, and it is told everything in order and few at a time', async () => {
  const app = new RecordingApp();
  const base = await app.listen();
  const port = Number(new URL(base).port);
  const load = new Load();
  app.on('/room', load.handle);
  const gateway = await start(base);
  const clients = await Promise.all(Array.from({ length: 50 }, () => connect(`${gateway.url}room`)));
  let sent = 0;
  const sending = setInterval(() => {
    sent += 1;
    for (const client of clients) client.send(String(sent));
  }, 50);
  await eventually('the app is told', () => load.done > 200);
  await app.stop();
  await eventually('the breaker opens', () => gateway.of('breaker_opened').length === 1);
  const opened = sent;
  await eventually('hooks are held', () => gateway.of('hook_held').length > 40);
  await eventually('40 messages of each come meanwhile', () => sent > opened + 40);
  clearInterval(sending);
  await Promise.all(clients.slice(0, 25).map((client) => client.close()));

  load.restart();
  await app.listen(port);
  const backAt = performance.now();
  const all = ['handshake', ...Array.from({ length: sent }, (_, at) => String(at + 1))];
  const isTold = (told: string[]) => told.includes(String(sent));
  await eventually('the last message of each', () => [...load.told.values()].every(isTold));
  await eventually('25 closed hooks', () => app.of('/room', 'closed').length === 25);
  const tookMs = performance.now() - backAt;
  for (const told of load.told.values())
    expect(inOrder(told)).toEqual(told.includes('closed') ? [...all, 'closed'] : all);
  expect(load.told.size, 'sockets').toBe(50);
  expect(load.excess, 'hooks at once beyond 4, and one for each that was done').toBeLessThanOrEqual(0);
  expect(tookMs, 'ms after the app was back').toBeLessThan(15_000);
  expect(gateway.of('breaker_closed')).toMatchObject([{ level: 'warn', dead: 0, lost: 0 }]);
  expect(gateway.of('breaker_closed')[0]?.['waiting'], 'hooks that wait').toBeGreaterThan(40);
  child?.kill('SIGTERM');
  await app.stop();
}, 60_000);

/** The app is away: clients on another path fail until the breaker opens. */
async function openBreaker({ app, url }: LocalWorld): Promise<void> {
  app.on('/down', () => 503);
  await eventually('the breaker opens', async () => {
    const refused = await tryConnect(`${url}/down`);
    return !(refused instanceof Client) && refused.status === 503;
  });
}

test('messages that are held when the gateway stops are posted at its next start, then their closed hook', async () => {
  const store = new LastingStore();
  world = await startLocal({}, {}, { store });
  const { app, url, log } = world;
  const client = await connect(`${url}/room`);
  await openBreaker(world);
  for (const body of ['one', 'two', 'three']) client.send(body);
  await eventually('they are held', () => log.of('hook_held').length > 0);
  await world.gateway.stop(500);
  expect(app.of('/room', 'message'), 'while it was away').toEqual([]);
  app.on('/down', () => 204);
  const next = await startLocal({ WEBHOOK_BASE_URL: app.baseUrl }, {}, { store });
  await app.hook('/room', 'closed');
  const bodies = app.of('/room').map(({ fields }) => fields['body'] || fields['event']);
  expect(bodies).toEqual(['handshake', 'one', 'two', 'three', 'closed']);
  await next.stop();
});

test('a dead letter that is replayed while the app is away is posted when it is back', async () => {
  world = await startLocal();
  const { app, url, api, log } = world;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const client = await connect(`${url}/room`);
  client.send('one');
  await eventually('it is dead', () => log.of('hook_dead').length === 1);
  await openBreaker(world);
  app.on('/room', () => 503);
  const [letter] = (await api.call('GET', '/dead-letters')).json['deadLetters'] as { deadLetter: string }[];
  expect((await api.call('POST', `/dead-letters/${letter?.deadLetter}/replay`)).status).toBe(202);
  await eventually('it is held', () => log.of('hook_held').length > 0);
  app.on('/room', () => 204);
  app.on('/down', () => 204);
  await eventually('it is posted', () => app.of('/room', 'message').at(-1)?.fields['body'] === 'one');
  await eventually('the breaker closes', () => log.of('breaker_closed').length === 1);
  expect((await api.call('GET', '/dead-letters')).json['deadLetters']).toEqual([]);
  await client.close();
});
