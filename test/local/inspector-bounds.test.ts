import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { AppRequest } from '../../functions/gateway/ports.ts';
import { EventStreams } from '../../functions/local/inspector/event-streams.ts';
import { type Beginning, HookLog, type KeptHook } from '../../functions/local/inspector/hook-log.ts';
import { InspectedRegistry } from '../../functions/local/inspector/inspected-registry.ts';
import { Inspection } from '../../functions/local/inspector/inspection.ts';
import { keptText, wholeUtf8 } from '../../functions/local/inspector/kept-text.ts';
import { PostedHooks } from '../../functions/local/inspector/posted-hooks.ts';
import type { Answer, AppResponse } from '../../functions/wire/answer.ts';
import { aHook } from '../fakes/a-hook.ts';
import { aRecord } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { InspectorPage } from '../support/inspector-page.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld | undefined;
let page: InspectorPage | undefined;
afterEach(async () => {
  page?.close();
  await world?.stop();
  [page, world] = [undefined, undefined];
});

async function start(environment: Readonly<Record<string, string>> = {}) {
  world = await startLocal({ INSPECTOR: 'true', ...environment });
  page = await InspectorPage.open(world.gateway);
  return { world, page };
}

function aBeginning(body = ''): Beginning {
  const about = { event: 'message', id: 'message_1', socket: 's', path: '/', user: '', group: '' } as const;
  return { ...about, attempt: 1, startedAt: 0, again: false, url: 'http://app/', headers: [], body };
}

function aLog() {
  const dropped: number[] = [];
  const log = new HookLog({ changed() {}, dropped: ({ shown }) => void dropped.push(shown.number) });
  return { log, dropped };
}

test('the latest 1,000 hooks are kept, and the oldest goes first', () => {
  const { log, dropped } = aLog();
  for (let at = 0; at < 1_000; at++) log.begin(aBeginning());
  expect(dropped).toEqual([]);
  expect(log.get(1)?.shown.number).toBe(1);
  log.begin(aBeginning());
  expect(dropped).toEqual([1]);
  expect([log.get(1), [...log.all()].length]).toEqual([undefined, 1_000]);
});

test('a hook that still waits for its answer outlives 1,000 that have theirs, since it may be the one that fails', () => {
  const { log, dropped } = aLog();
  const slow = log.begin(aBeginning());
  const over = { ms: 1, outcome: 'accepted', status: 204, why: null, headers: [] } as const;
  for (let at = 0; at < 1_000; at++) log.end(log.begin(aBeginning()), over);
  expect(log.get(1)).toBe(slow);
  log.end(slow, { ...over, outcome: 'failed', status: null, why: 'the app did not answer in time' });
  expect(log.get(1)?.shown.outcome).toBe('failed');
  expect(dropped).toEqual([2]);
});

test('a page that is opened later shows the sockets that have taken the places of others', async () => {
  const { world, page } = await start({ HOOKS: '' });
  const clients = await Promise.all(Array.from({ length: 1_010 }, () => connect(`${world.url}/room`)));
  await Promise.all(clients.slice(0, 1_000).map((client) => client.close()));
  const events = await page.events();
  await eventually('those that are left', () => events.sockets.size === 10);
  await eventually('there are no others', () => events.moreSockets === 0);
});

test('requests on one connection that are refused leave nothing behind on it', async () => {
  const { world } = await start();
  const warnings: string[] = [];
  const hear = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
  process.on('warning', hear);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const url = `http://localhost:${world.gateway.port}/inspector`;
  for (let at = 0; at < 30; at++) {
    const response = await new Promise<IncomingMessage>((resolve) => get(url, { agent }, resolve));
    expect(response.resume().statusCode).toBe(403);
    await once(response, 'end');
  }
  agent.destroy();
  process.off('warning', hear);
  expect(warnings).toEqual([]);
});

test('at most 16 MiB are kept, answers among them, whatever comes of the hooks that have gone', () => {
  const { log, dropped } = aLog();
  const body = 'x'.repeat(65_536);
  const hooks: KeptHook[] = [log.begin(aBeginning(body))];
  const size = log.bytes;
  expect(size).toBeGreaterThan(65_536);
  while (log.bytes + size <= 16_777_216) hooks.push(log.begin(aBeginning(body)));
  expect(dropped, 'it fits').toEqual([]);
  log.begin(aBeginning(body));
  expect(dropped, 'it does not fit').toEqual([1]);
  const before = log.bytes;
  const [gone, , third] = hooks;
  if (gone === undefined || third === undefined) throw new Error('no hooks');
  log.hear(gone, Buffer.alloc(65_536));
  expect(log.bytes, 'a hook that has gone takes nothing').toBe(before);
  log.hear(third, Buffer.alloc(65_536));
  expect(dropped, 'an answer counts').toEqual([1, 2]);
  expect(log.bytes).toBeLessThanOrEqual(16_777_216);
});

test('a body is kept whole up to 64 KiB, and beyond that cut between characters', () => {
  const { log } = aLog();
  const whole = log.begin(aBeginning('x'.repeat(65_536))).body;
  expect([whole.bytes, whole.allBytes]).toEqual([65_536, 65_536]);
  const cut = log.begin(aBeginning('x'.repeat(65_537))).body;
  expect([cut.text.length, cut.bytes, cut.allBytes]).toEqual([65_536, 65_536, 65_537]);
  const euros = keptText('€'.repeat(30_000), 65_536);
  expect([euros.text, euros.bytes]).toEqual(['€'.repeat(21_845), 65_535]);
  for (const [text, end] of [
    ['a€', 3],
    ['a😀', 4],
    ['aé', 2],
  ] as const) {
    const bytes = Buffer.from(text);
    expect([text, wholeUtf8(bytes).toString()]).toEqual([text, text]);
    expect([text, wholeUtf8(bytes.subarray(0, end)).toString()]).toEqual([text, 'a']);
  }
});

test('of the body of an answer, 64 KiB are kept and all is counted', () => {
  const { log } = aLog();
  const hook = log.begin(aBeginning());
  for (let at = 0; at < 65; at++) log.hear(hook, Buffer.alloc(1_024, 'y'));
  expect([hook.answered.length, hook.shown.answerBytes]).toEqual([65_536, 66_560]);
});

test('a hook whose body was cut can be read, but neither copied nor sent again', async () => {
  const { world, page } = await start();
  const events = await page.events();
  const client = await connect(`${world.url}/room`);
  client.send('x'.repeat(70_000));
  const hook = await events.hook('the message', ({ event }) => event === 'message');
  expect(await page.hook(hook.number)).toMatchObject({ cut: true });
  expect((await page.hook(hook.number)).request.body).toHaveLength(65_536);
  expect((await page.ask(`/inspector/hooks/${hook.number}/curl`)).status).toBe(409);
  expect((await page.ask(`/inspector/hooks/${hook.number}/again`, { method: 'POST' })).status).toBe(409);
  for (const path of [
    '/inspector/hooks/999',
    '/inspector/hooks/0',
    '/inspector/hooks/1e9',
    '/inspector/hooks/x',
  ])
    expect([path, (await page.ask(path)).status]).toEqual([path, 404]);
});

const request: AppRequest = { url: 'http://app/', headers: {}, body: 'body', timeoutMs: 1 };
const accepted: Answer = { kind: 'accepted', actions: { sends: [], broadcasts: [] } as never };
const failed: Answer = { kind: 'failed', status: 504, why: 'late', mayHaveAccepted: true, isAway: true };
const timeout: AppResponse = { kind: 'timeout' };

test('beyond 200 hooks a second they are sampled, evenly, and the others are counted', async () => {
  const clock = new ManualClock();
  const { log } = aLog();
  const hooks = new PostedHooks(log, clock);
  const post = (): number => {
    hooks.posting(aHook(), request);
    return hooks.skipped;
  };
  for (let at = 0; at < 200; at++) post();
  expect(hooks.skipped, '200 at once').toBe(0);
  expect(post(), 'and one more').toBe(1);
  await clock.advance(1_000);
  const shown = [...log.all()].length;
  for (let at = 0; at < 1_000; at++) {
    if (at % 10 === 0) await clock.advance(10);
    post();
  }
  expect([...log.all()].length - shown).toBeGreaterThan(390);
  expect([...log.all()].length - shown).toBeLessThan(410);
});

test('attempts are counted even of hooks that are not shown, and of the latest 10,000 that fail', () => {
  const clock = new ManualClock();
  const { log } = aLog();
  const hooks = new PostedHooks(log, clock);
  const [first, last] = [aHook(), aHook()];
  hooks.answered(first, failed, timeout);
  for (let at = 0; at < 9_998; at++) hooks.answered(aHook(), failed, timeout);
  hooks.answered(last, failed, timeout);
  const attempt = (hook = first): number | undefined => {
    hooks.posting(hook, request);
    return [...log.all()].at(-1)?.shown.attempt;
  };
  expect([attempt(first), attempt(last)], '10,000').toEqual([2, 2]);
  hooks.answered(aHook(), failed, timeout);
  expect([attempt(first), attempt(last)], '10,001').toEqual([1, 2]);
  hooks.answered(last, accepted, timeout);
  expect(attempt(last), 'one that was accepted is forgotten').toBe(1);
});

test('a request that had to wait is shown with the signature with which it left', () => {
  const { log } = aLog();
  const hooks = new PostedHooks(log, new ManualClock());
  const posted = hooks.posting(aHook(), {
    ...request,
    headers: { 'webhook-signature': 'old' },
    renew: () => ({ 'webhook-signature': 'new' }),
  });
  expect(posted.renew?.()).toEqual({ 'webhook-signature': 'new' });
  expect(log.get(1)?.headers).toContainEqual(['webhook-signature', 'new']);
  expect(JSON.stringify(log.get(1)?.headers)).not.toContain('old');
});

test('1,000 sockets are shown, the rest is counted, and one that goes makes room for another', async () => {
  const clock = new ManualClock();
  const inspection = new Inspection(clock);
  const registry = new InspectedRegistry(clock, undefined, inspection.sockets);
  const shown = () => [...inspection.sockets.all()];
  for (let at = 0; at < 1_000; at++) await registry.put(aRecord());
  expect([shown().length, inspection.sockets.more(registry)]).toEqual([1_000, 0]);
  const another = aRecord();
  await registry.put(another);
  expect([shown().length, inspection.sockets.more(registry)]).toEqual([1_000, 1]);
  const [first] = shown();
  if (first !== undefined) await registry.remove(first);
  await inspection.sockets.refill(registry, clock.monotonic());
  expect([shown().includes(another.socket), inspection.sockets.more(registry)]).toEqual([true, 0]);
});

test('more ends at once than can be told make the page begin anew', async () => {
  const clock = new ManualClock();
  const inspection = new Inspection(clock);
  const registry = new InspectedRegistry(clock, undefined, inspection.sockets);
  inspection.onChange = () => {};
  const comeAndGo = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at++) {
      const record = aRecord();
      await registry.put(record);
      await registry.remove(record.socket);
    }
  };
  await comeAndGo(2_000);
  expect(inspection.takeChanges(registry)).toMatchObject({ sockets: [], moreSockets: 0 });
  await comeAndGo(2_001);
  expect(inspection.takeChanges(registry)).toBeUndefined();
  inspection.onChange = undefined;
  await comeAndGo(5_000);
  expect(inspection.takeChanges(registry), 'nobody looked on').toMatchObject({ ended: [] });
});

test('eight streams are open at a time, and one that ends makes room for another', async () => {
  const { page } = await start();
  const streams: IncomingMessage[] = [];
  for (let at = 0; at < 8; at++) streams.push(await page.unreadEvents());
  expect(streams.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(200));
  expect((await page.ask('/inspector/events')).status).toBe(503);
  streams[0]?.destroy();
  await eventually('there is room', async () => {
    const stream = await page.unreadEvents();
    return stream.statusCode === 200;
  });
});

test('a reader that does not read makes nothing grow, and gets everything anew when it reads again', async () => {
  const document = 'x'.repeat(1_000_000);
  let [told, snapshots] = [0, 0];
  const streams = new EventStreams({
    snapshot: () => ({ snapshot: ++snapshots }),
    changes: async () => ({ told: ++told, document }),
    watched() {},
  });
  let response: ServerResponse | undefined;
  const server = createServer((_, answer) => {
    response = answer;
    streams.open(answer.writeHead(200));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reader = await new Promise<IncomingMessage>((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (stream) => resolve(stream.pause()));
  });
  let most = 0;
  await eventually('many changes', () => {
    streams.changed();
    most = Math.max(most, response?.writableLength ?? 0);
    return told >= 40;
  });
  expect(most, 'one change waits at most').toBeLessThan(1_100_000);
  let text = '';
  let isAnew = false;
  reader.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    // What has changed since may follow at once.
    isAnew ||= text.includes('event: snapshot\ndata: {"snapshot":2}');
    text = text.slice(-2_000);
  });
  reader.resume();
  await eventually('everything anew', () => isAnew);
  streams.stop();
  reader.destroy();
  server.close();
});

test('a stream with nothing to tell says now and then that it is there', async () => {
  const streams = new EventStreams({ snapshot: () => 1, changes: async () => 2, watched() {} }, 20);
  const server = createServer((_, answer) => streams.open(answer.writeHead(200)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let text = '';
  get({ host: '127.0.0.1', port, agent: false }, (stream) => {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  });
  await eventually('two comments', () => text === 'event: snapshot\ndata: 1\n\n:\n\n:\n\n');
  streams.stop();
  server.close();
});

test('with over 1,000 hooks a second the page gets a sample and is told so, and every message its answer', async () => {
  const { world, page } = await start();
  const events = await page.events();
  world.app.on('/room', () => 204);
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(`${world.url}/room`)));
  let sent = 0;
  const burst = (): void => {
    for (const client of clients) for (let at = 0; at < 100; at++) client.send('hello');
    sent += 2_000;
  };
  burst();
  // A busy machine may be too slow for a burst to go over the rate.
  await eventually('the rest is counted', () => {
    const isAnswered = world.app.of('/room', 'message').length === sent;
    if (isAnswered && events.skipped === 0) burst();
    return isAnswered && events.skipped > 0;
  });
  const total = (): number => Math.max(...events.hooks.keys()) + events.skipped;
  await eventually('each is shown or counted', () => total() === 20 + sent);
  expect(events.hooks.size).toBeLessThanOrEqual(1_000);
  expect(events.hooks.size).toBeGreaterThan(100);
});
