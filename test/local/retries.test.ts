import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { keysOf } from '../../functions/local/stored-keys.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import type { Api } from '../support/api.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, sharesProcess, startLocal } from '../support/local.ts';

let world: LocalWorld | undefined;
afterEach(() => world?.stop());

test('a message that the app could not take arrives later, with its id, before those behind it', async () => {
  world = await startLocal();
  const { app, url } = world;
  let failures = 2;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' && failures-- > 0 ? 503 : 204));
  const client = await connect(`${url}/room`);
  for (const body of ['one', 'two', 'three']) client.send(body);
  await app.hook('/room', 'message', ({ fields }) => fields['body'] === 'three');
  await client.close();
  await app.hook('/room', 'closed');
  const bodies = app.of('/room').map(({ fields }) => fields['body'] || fields['event']);
  expect(bodies).toEqual(['handshake', 'one', 'one', 'one', 'two', 'three', 'closed']);
  const ids = app.of('/room', 'message').map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids.slice(0, 3)).size, 'ids of the attempts').toBe(1);
});

test('a message that waited behind one that failed, and fails too, has had its hours since it came', async () => {
  world = await startLocal();
  const { app, url, log } = world;
  const failures = new Map([
    ['one', 2],
    ['two', 1],
  ]);
  app.on('/room', ({ fields }) => {
    const body = fields['body'] ?? '';
    const left = failures.get(body) ?? 0;
    failures.set(body, left - 1);
    return left > 0 ? 503 : 204;
  });
  const client = await connect(`${url}/room`);
  for (const body of ['one', 'two']) client.send(body);
  // It takes at least half a second, and then another whole one, until the first is accepted.
  await eventually('all have failed', () => log.of('hook_retried').length === 3);
  const [, , second] = log.of('hook_retried');
  expect(second?.fields['attempt'], 'its attempts').toBe(1);
  expect(second?.fields['age'], 'its seconds').toBeGreaterThanOrEqual(1);
});

test('a client whose messages wait for the app still gets its pings answered', async () => {
  world = await startLocal();
  const { app, url } = world;
  let answer: (status: number) => void = () => {};
  const answered = new Promise<number>((resolve) => {
    answer = resolve;
  });
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? answered : 204));
  const client = await connect(`${url}/room`);
  for (let at = 0; at < 1_000; at++) client.send('x'.repeat(10_000));
  const pong = new Promise((resolve) => client.ws.once('pong', resolve));
  client.ws.ping();
  // By then its backlog is full, and it is paused.
  await app.hook('/room', 'message');
  let unsent = 0;
  await eventually('it is paused', () => {
    const before = unsent;
    unsent = client.ws.bufferedAmount;
    return unsent > 0 && unsent === before;
  });
  answer(503);
  await pong;
  expect(app.of('/room', 'message').length, 'attempts so far').toBeLessThan(5);
});

test('messages that wait when the gateway stops are posted at its next start, then their closed hook', async () => {
  const store = new LastingStore();
  world = await startLocal({}, {}, { store });
  const { app, url } = world;
  let isAway = true;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' && isAway ? 503 : 204));
  const client = await connect(`${url}/room`);
  for (const body of ['one', 'two', 'three']) client.send(body);
  await app.hook('/room', 'message');
  await world.gateway.stop(500);
  expect(app.of('/room', 'closed'), 'closed before the messages').toEqual([]);
  isAway = false;
  const next = await startLocal({ WEBHOOK_BASE_URL: app.baseUrl }, {}, { store });
  await app.hook('/room', 'closed');
  const bodies = app.of('/room').map(({ fields }) => fields['body'] || fields['event']);
  expect(bodies.slice(-4)).toEqual(['one', 'two', 'three', 'closed']);
  await eventually('nothing is left in the store', () => store.records === 0);
  await next.stop();
});

test.skipIf(!sharesProcess)(
  'a message outlives a gateway that was down for longer than its hours',
  async () => {
    const store = new LastingStore();
    let apart = 0;
    const clock = { ...systemClock, now: () => Date.now() + apart };
    world = await startLocal({}, {}, { store, clock });
    const { app, url } = world;
    let failures = Number.POSITIVE_INFINITY;
    app.on('/room', ({ fields }) => (fields['event'] === 'message' && failures-- > 0 ? 503 : 204));
    const client = await connect(`${url}/room`);
    for (const body of ['one', 'two']) client.send(body);
    await app.hook('/room', 'message');
    await world.gateway.stop(500);
    apart = 10 * 3_600_000;
    // The app is back a little later than the gateway.
    failures = 1;
    const next = await startLocal({ WEBHOOK_BASE_URL: app.baseUrl }, {}, { store, clock });
    await app.hook('/room', 'closed');
    const bodies = app.of('/room').map(({ fields }) => fields['body'] || fields['event']);
    expect(bodies.slice(-4)).toEqual(['one', 'one', 'two', 'closed']);
    expect(store.range(...keysOf('letter'), 9), 'dead letters').toEqual([]);
    await next.stop();
  },
);

test('what waits when there is no time left to stop is stored all the same', async () => {
  const store = new (class extends LastingStore {
    isOver = false;

    override async write(...changes: Parameters<LastingStore['write']>): ReturnType<LastingStore['write']> {
      if (this.isOver) return { ok: false, error: { code: 'failed', why: 'The store is closed.' } };
      await sleep(50);
      return super.write(...changes);
    }

    override async close(): Promise<void> {
      this.isOver = true;
    }
  })();
  world = await startLocal({}, {}, { store });
  const { app, url } = world;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 'hang' : 204));
  const client = await connect(`${url}/room`);
  // More than is stored at a time.
  for (let at = 0; at < 8; at++) client.send('x'.repeat(125_000));
  client.ws.ping();
  await new Promise((resolve) => client.ws.once('pong', resolve));
  await world.gateway.stop(1);
  // The message that is being relayed, and seven behind it.
  await eventually('all are stored', () => store.range(...keysOf('hook'), 9).length === 8);
});

test('a client whose message the store has no room for is closed with 1013, and the loss is logged', async () => {
  const store = new LastingStore();
  world = await startLocal({}, {}, { store });
  const { app, url, log } = world;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
  const [first, second] = await Promise.all([connect(`${url}/room`), connect(`${url}/room`)]);
  first.send('one');
  await eventually('it waits', () => log.of('hook_retried').length === 1);
  store.isFull = true;
  first.send('two');
  second.send('one');
  expect((await first.closed).code, 'with a message that waits').toBe(1013);
  expect((await second.closed).code, 'with its first message').toBe(1013);
  expect(log.of('messages_lost').map(({ fields }) => fields['count'])).toEqual([1]);
  expect(log.of('hook_lost')).toHaveLength(1);
  store.isFull = false;
  app.on('/room', () => 204);
  await eventually('both closed hooks', () => app.of('/room', 'closed').length === 2);
  expect(app.of('/room', 'message').at(-1)?.fields['body'], 'the message that waited').toBe('one');
});

test('a client whose message a failed disk can’t keep is closed with 1013, and each loss is logged', async () => {
  const store = new LastingStore();
  world = await startLocal({}, {}, { store });
  const { app, url, log } = world;
  app.on('/retried', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
  app.on('/refused', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const clients = await Promise.all(['/retried', '/refused'].map((path) => connect(`${url}${path}`)));
  store.fault = new Error('The disk failed.');
  for (const client of clients) client.send('one');
  for (const client of clients) expect((await client.closed).code).toBe(1013);
  const lost = log.of('hook_lost').map(({ fields }) => fields);
  expect(lost.map(({ path }) => path).sort()).toEqual(['/refused', '/retried']);
  for (const fields of lost) expect(fields).toMatchObject({ hook: 'message', why: 'The disk failed.' });
  await eventually('their closed hooks', () => {
    return ['/retried', '/refused'].every((path) => app.of(path, 'closed')[0]?.fields['code'] === '1013');
  });
});

test('a dead letter is there after a restart, can be replayed, and is gone then', async () => {
  const store = new LastingStore();
  world = await startLocal({}, {}, { store });
  const { app, url, api } = world;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const client = await connect(`${url}/room`);
  client.send('one');
  await app.hook('/room', 'message');
  await eventually('it is kept', async () => (await lettersOf(api)).length === 1);
  await world.gateway.stop(500);
  app.on('/room', () => 204);
  const next = await startLocal({ WEBHOOK_BASE_URL: app.baseUrl }, {}, { store });
  const [letter] = await lettersOf(next.api, '?body=true');
  expect(letter).toMatchObject({ event: 'message', path: '/room', body: 'one', attempts: 1 });
  expect((await next.api.call('POST', `/dead-letters/${letter?.['deadLetter']}/replay`)).status).toBe(202);
  await eventually('it is posted again', () => app.of('/room', 'message').length === 2);
  expect(await lettersOf(next.api)).toEqual([]);
  await next.stop();
});

async function lettersOf(api: Api, query = ''): Promise<Record<string, unknown>[]> {
  const { json } = await api.call('GET', `/dead-letters${query}`);
  return json['deadLetters'] as Record<string, unknown>[];
}
