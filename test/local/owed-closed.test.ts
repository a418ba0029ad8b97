import { afterEach, expect, test } from 'vitest';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { loadRecords } from '../../functions/local/load-records.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { connect, refused, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';

const worlds: LocalWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function start(store: LastingStore, environment: Record<string, string> = {}): Promise<LocalWorld> {
  const world = await startLocal(environment, {}, { store });
  worlds.push(world);
  return world;
}

/** What a gateway that is killed at this moment leaves to the next one. */
async function killed(store: LastingStore): Promise<LastingStore> {
  const left = new LastingStore();
  await left.write(store.range(Uint8Array.of(0), Uint8Array.of(255), 1_000_000));
  return left;
}

/** The records that a start would find. */
function recordsIn(store: LastingStore): SocketRecord[] {
  return loadRecords(store).records.map(({ record }) => record);
}

/** A store whose writes wait until they are let go. */
class SlowStore extends LastingStore {
  readonly held: (() => void)[] = [];
  isHeld = true;

  override async write(...given: Parameters<LastingStore['write']>): ReturnType<LastingStore['write']> {
    if (this.isHeld) await new Promise<void>((resolve) => this.held.push(resolve));
    return super.write(...given);
  }
}

test('the app hears of a socket only once the socket is stored', async () => {
  const store = new SlowStore();
  const { app, url } = await start(store);
  const connecting = connect(`${url}/room`);
  await eventually('it is being stored', () => store.held.length === 1);
  const served = await fetch(`${url.replace('ws', 'http')}/health`);
  expect(served.status, 'another request meanwhile').toBe(200);
  expect(app.of('/room')).toEqual([]);
  store.isHeld = false;
  for (const release of store.held) release();
  await connecting;
  expect(app.of('/room', 'handshake')).toHaveLength(1);
});

test('after a kill every socket gets its closed hook with 1006, as it was last', async () => {
  const store = new LastingStore();
  const { app, url } = await start(store);
  app.on('/named', () => actions({ user: 'ann', state: 's1', join: ['room'] }));
  app.on('/stated', () => actions({ state: 's2' }));
  app.on('/connecting', () => 'hang');
  app.on('/refused', () => 403);
  await Promise.all(['/plain', '/plain', '/named', '/stated'].map((path) => connect(`${url}${path}?a=1`)));
  await refused(`${url}/refused`);
  const connecting = tryConnect(`${url}/connecting`).catch(() => {});
  const ended = await connect(`${url}/ended`);
  await ended.close();
  await Promise.all([app.hook('/connecting', 'handshake'), app.hook('/ended', 'closed')]);
  // The lazy writes: what the handshake changed, and what has ended.
  await eventually('five sockets are stored, as they are', () => {
    const found = recordsIn(store).map(({ path, state }) => `${path} ${state}`);
    return String(found.sort()) === '/connecting ,/named s1,/plain ,/plain ,/stated s2';
  });
  const next = await start(await killed(store), { WEBHOOK_BASE_URL: app.baseUrl });
  app.on('/connecting', () => 204);
  await eventually('the closed hooks', () => {
    const closed = ['/plain', '/named', '/stated', '/connecting'].map(
      (path) => app.of(path, 'closed').length,
    );
    return String(closed) === '2,1,1,1';
  });
  const sockets = app.of('/plain', 'handshake').map(({ fields }) => fields['from']);
  expect(
    app
      .of('/plain', 'closed')
      .map(({ fields }) => fields['from'])
      .sort(),
  ).toEqual(sockets.sort());
  const told = app.of('/named', 'closed')[0]?.fields;
  expect(told).toMatchObject({ code: '1006', user: 'ann', state: 's1', groups: '["room"]', query: 'a=1' });
  expect(app.of('/stated', 'closed')[0]?.fields['state']).toBe('s2');
  expect(app.of('/ended', 'closed'), 'closed hooks of a socket whose closed hook was answered').toHaveLength(
    1,
  );
  expect(app.of('/refused', 'closed'), 'closed hooks of a refused handshake').toEqual([]);
  expect((await next.api.call('GET', '/sockets')).json).toMatchObject({ sockets: [] });
  await connecting;
});

test('after a kill the app gets the closed hooks of many sockets a few at a time', async () => {
  const store = new LastingStore();
  const { app, url } = await start(store);
  await Promise.all(Array.from({ length: 100 }, () => connect(`${url}/many`)));
  await eventually('all are stored', () => recordsIn(store).length === 100);
  const told: (() => void)[] = [];
  app.on('/many', async () => {
    await new Promise<void>((resolve) => told.push(resolve));
    return 204;
  });
  await start(await killed(store), { WEBHOOK_BASE_URL: app.baseUrl });
  const counts: number[] = [];
  for (let left = 100; left > 0; ) {
    await eventually('closed hooks', () => told.length === Math.min(left, 4 * 2 ** counts.length));
    counts.push(told.length);
    left -= told.length;
    for (const answer of told.splice(0)) answer();
  }
  expect(counts).toEqual([4, 8, 16, 32, 40]);
});

test('a closed hook that a killed gateway could not post has the code with which its socket ended', async () => {
  const store = new LastingStore();
  const { app, url } = await start(store);
  app.on('/room', ({ fields }) => (fields['event'] === 'closed' ? 'hang' : 204));
  const client = await connect(`${url}/room`);
  await client.close(4_001, 'bye');
  const first = await app.hook('/room', 'closed');
  await eventually('its end is stored', () => recordsIn(store)[0]?.end?.code === 4_001);
  app.on('/room', () => 204);
  await start(await killed(store), { WEBHOOK_BASE_URL: app.baseUrl });
  await eventually('it is posted again', () => app.of('/room', 'closed').length === 2);
  const [, again] = app.of('/room', 'closed');
  expect(again?.fields).toEqual(first.fields);
  expect(again?.headers['webhook-id']).toBe(first.headers['webhook-id']);
});

test('clients are refused with 503 while the disk is full, unknown to the app, and let in when it has room', async () => {
  const store = new LastingStore();
  const { app, url, log } = await start(store);
  const inside = await connect(`${url}/inside`);
  store.isFull = true;
  for (let at = 0; at < 5; at++) {
    const { status, body } = await refused(`${url}/room`);
    expect([status, JSON.parse(body).code]).toEqual([503, 'store_unavailable']);
  }
  expect(app.of('/room'), 'hooks of clients that were refused').toEqual([]);
  expect(log.of('store_refused').map(({ fields }) => fields)).toEqual([
    { why: 'The disk of the store is full.' },
  ]);
  expect(log.of('fault')).toEqual([]);
  inside.send('hello');
  await app.hook('/inside', 'message');
  store.isFull = false;
  await connect(`${url}/room`);
  expect(app.of('/room', 'handshake')).toHaveLength(1);
});

test('a gateway that was given no store says which closed hooks are lost when it stops', async () => {
  const world = await startLocal({ HOOK_TIMEOUT_MS: '60000' }, {}, { store: undefined });
  worlds.push(world);
  world.app.on('/stuck', ({ fields }) => (fields['event'] === 'closed' ? 'hang' : 204));
  await connect(`${world.url}/stuck`);
  await world.gateway.stop(100);
  expect(world.log.of('hook_lost').map(({ fields }) => fields['hook'])).toEqual(['closed']);
});

test('a gateway that was given no store says of how many users nobody hears that they have left', async () => {
  const hooks = 'handshake,message,closed,joined,left';
  const world = await startLocal({ HOOKS: hooks }, {}, { store: undefined });
  worlds.push(world);
  const { app, url, gateway, log } = world;
  for (const user of ['alice', 'bob']) app.on(`/${user}`, () => actions({ user, join: ['lobby'] }));
  await Promise.all([connect(`${url}/alice`), connect(`${url}/bob`)]);
  await Promise.all(['/alice', '/bob'].map((path) => app.hook(path, 'joined')));
  await gateway.stop(1_000);
  expect(log.of('presence_lost').map(({ fields }) => fields)).toEqual([{ count: 2, why: 'stopped' }]);
});

test('closed hooks are posted at the next start even if the disk failed before the stop', async () => {
  const store = new LastingStore();
  const { app, url, gateway, log } = await start(store);
  app.on('/stuck', ({ fields }) => (fields['event'] === 'closed' ? 'hang' : 204));
  await connect(`${url}/stuck`);
  store.fault = new Error('The disk failed.');
  await gateway.stop(100);
  expect(log.of('store_refused')).toHaveLength(1);
  expect(log.of('hook_lost')).toEqual([]);
  store.fault = undefined;
  app.on('/stuck', () => 204);
  const before = app.of('/stuck', 'closed').length;
  await start(store, { WEBHOOK_BASE_URL: app.baseUrl });
  await eventually('it is posted', () => app.of('/stuck', 'closed').length === before + 1);
  expect(app.of('/stuck', 'closed').at(-1)?.fields['code'], 'as nobody stored how it ended').toBe('1006');
});
