import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { KeptRecords } from '../../functions/local/kept-records.ts';
import { loadRecords } from '../../functions/local/load-records.ts';
import { places } from '../../functions/local/record-block.ts';
import type { Store } from '../../functions/local/store.ts';
import { aGroup, aRecord, newSocket } from '../fakes/a-record.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { eventually } from '../support/eventually.ts';

const clock = { monotonic: () => performance.now() };
const everything = [Uint8Array.of(0), Uint8Array.of(255)] as const;

/** What a kill at this moment would leave. */
async function copyOf(store: Store): Promise<LastingStore> {
  const copy = new LastingStore();
  await copy.write(store.range(...everything, 1_000_000));
  return copy;
}

/** The records that a start would find. */
function foundIn(store: Store): SocketRecord[] {
  const found = loadRecords(store).records;
  return found.map(({ record }) => record).sort((one, other) => (one.socket < other.socket ? -1 : 1));
}

const socketsIn = (store: Store) => foundIn(store).map(({ socket }) => socket);
const keysOf = (store: Store, kind: string) =>
  store.range(...everything, 1_000_000).filter(({ key }) => key[0] === kind.charCodeAt(0)).length;

function world(store = new LastingStore()) {
  const refusals: string[] = [];
  const kept = new KeptRecords(store, (why) => refusals.push(why), clock);
  onTestFinished(() => void kept.close());
  /** Opens sockets at the same time. */
  const open = async (count: number, given: Partial<SocketRecord> = {}) => {
    const opened = Array.from({ length: count }, () => ({
      record: aRecord(given),
      place: places.none as number,
    }));
    const written = await Promise.all(opened.map((one) => kept.opening(one)));
    expect(
      written.every(({ ok }) => ok),
      'they are stored',
    ).toBe(true);
    return opened;
  };
  return { store, kept, open, refusals };
}

/** The same record with something else in it, as the registry makes it. */
function change(one: { record: SocketRecord }, given: Partial<SocketRecord>): void {
  one.record = { ...one.record, ...given };
}

const idsOf = (opened: readonly { record: SocketRecord }[]) =>
  opened.map(({ record }) => record.socket).sort();

test('a socket is stored when its opening resolves, and so are those that open with it', async () => {
  const { store, open } = world();
  const first = await open(1);
  expect(socketsIn(store)).toEqual(idsOf(first));
  const more = await open(25);
  expect(socketsIn(store)).toEqual(idsOf([...first, ...more]));
  expect(keysOf(store, 's'), 'values that 26 sockets took').toBeLessThan(6);
});

test('a socket that opens alone waits for no timer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { store, open } = world();
  await open(1);
  expect(keysOf(store, 's')).toBe(1);
});

test('sockets that open one after another, soon, are gathered', async () => {
  const { store, kept } = world();
  const openings: Promise<unknown>[] = [];
  for (let at = 0; at < 40; at++) {
    openings.push(kept.opening({ record: aRecord(), place: places.none }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(openings);
  expect(socketsIn(store)).toHaveLength(40);
  expect(keysOf(store, 's'), 'values that 40 sockets took').toBeLessThan(20);
});

test('a socket that has ended is not found again, while those beside it are', async () => {
  const { store, kept, open } = world();
  const opened = await open(20);
  const left = opened.slice(1);
  for (const one of opened.slice(0, 1)) kept.removed(one);
  await eventually('the store knows', () => socketsIn(store).length === 19);
  expect(socketsIn(store)).toEqual(idsOf(left));
  for (const one of left) kept.removed(one);
  await eventually('nothing is left in the store', () => store.records === 0);
});

test('what changed is found, as it was last', async () => {
  const { store, kept, open } = world();
  const [one, other] = await open(2);
  if (one === undefined || other === undefined) throw new Error('none');
  for (const state of ['first', 'second']) {
    change(one, { user: 'ann', state, groups: [aGroup('room')], groupsVersion: 1 });
    kept.changed(one);
  }
  await eventually('it is stored', () => foundIn(store).some(({ state }) => state === 'second'));
  const status = 'open';
  const expected = [one, other].map(({ record }) => ({ ...record, status }));
  expect(foundIn(store)).toEqual(expected.sort((a, b) => (a.socket < b.socket ? -1 : 1)));
  kept.removed(one);
  await eventually('the store knows', () => socketsIn(store).length === 1);
  kept.removed(other);
  await eventually('nothing is left in the store', () => store.records === 0);
});

test('how a socket ended is found if its closed hook is not answered soon', async () => {
  const { store, kept, open } = world();
  const [one] = await open(1);
  if (one === undefined) throw new Error('none');
  const end = { code: 4_001, reason: 'bye', time: 5 };
  change(one, { status: 'closing', end });
  kept.ended(one);
  await eventually('it is stored', () => foundIn(store).some((record) => record.end !== undefined));
  expect(foundIn(store)).toEqual([{ ...one.record }]);
});

test('all that waits is stored when it is closed', async () => {
  const { store, kept, open } = world();
  const [gone, ended, changed] = await open(3);
  if (gone === undefined || ended === undefined || changed === undefined) throw new Error('none');
  kept.removed(gone);
  change(ended, { status: 'closing', end: { code: 1_001, reason: '', time: 5 } });
  kept.ended(ended);
  change(changed, { state: 'new' });
  kept.changed(changed);
  expect(await kept.close()).toBe(true);
  const told = foundIn(store).map(({ socket, state, end }) => [socket, state, end?.code]);
  expect(new Map(told.map(([socket, ...rest]) => [socket, rest]))).toEqual(
    new Map([
      [ended.record.socket, ['', 1_001]],
      [changed.record.socket, ['new', undefined]],
    ]),
  );
});

test('a process that is killed between two writes leaves each socket once, as it was last', async () => {
  const store = new LastingStore();
  const { kept, open } = world(store);
  const opened = await open(10);
  for (const one of opened) {
    change(one, { state: 'new' });
    kept.changed(one);
  }
  const copies: LastingStore[] = [];
  const write = store.write.bind(store);
  store.write = async (changes) => {
    const written = await write(changes);
    copies.push(await copyOf(store));
    return written;
  };
  await kept.close();
  expect(copies.length, 'writes').toBeGreaterThan(1);
  for (const copy of copies) {
    expect(socketsIn(copy)).toEqual(idsOf(opened));
    expect(new Set(foundIn(copy).map(({ state }) => state))).toEqual(new Set(['new']));
    const next = new KeptRecords(copy, () => {}, clock);
    for (const one of next.load()) next.removed(one);
    await next.close();
    expect(copy.records, 'records after all have ended').toBe(0);
  }
});

describe('many short-lived sockets among few that stay', () => {
  test('take no more room than those that stay, and the latter are found', async () => {
    const { store, kept, open } = world();
    const staying: Awaited<ReturnType<typeof open>> = [];
    for (let round = 0; round < 120; round++) {
      const opened = await open(100, { query: 'q'.repeat(100) });
      staying.push(...opened.splice(0, 1));
      for (const one of opened) kept.removed(one);
    }
    await eventually('what ended is gone', () => socketsIn(store).length === 120);
    expect(socketsIn(store)).toEqual(idsOf(staying));
    await kept.close();
    expect(store.bytes, 'bytes for 120 sockets').toBeLessThan(150_000);
    for (const one of staying) kept.removed(one);
    await kept.close();
    expect(store.records).toBe(0);
  });
});

describe('a store that refuses', () => {
  test('refuses sockets that open, and takes them again once it can', async () => {
    const { store, kept, open, refusals } = world();
    const before = await open(3);
    store.isFull = true;
    for (let round = 0; round < 50; round++) {
      const refused = { record: aRecord(), place: places.none };
      expect(await kept.opening(refused)).toMatchObject({ ok: false, error: { code: 'full' } });
      kept.removed(refused);
    }
    expect(refusals.length).toBeGreaterThan(0);
    expect(socketsIn(store)).toEqual(idsOf(before));
    store.isFull = false;
    const after = await open(3);
    expect(socketsIn(store)).toEqual(idsOf([...before, ...after]));
  });

  test('loses no change and no end that it could not take', async () => {
    const { store, kept, open } = world();
    const [gone, changed] = await open(2);
    if (gone === undefined || changed === undefined) throw new Error('none');
    store.fault = new Error('I/O error');
    kept.removed(gone);
    change(changed, { state: 'new' });
    kept.changed(changed);
    expect(await kept.close()).toBe(false);
    store.fault = undefined;
    expect(socketsIn(store)).toHaveLength(2);
    expect(await kept.close()).toBe(true);
    expect(foundIn(store)).toEqual([{ ...changed.record, status: 'open' }]);
  });
});

describe('a store of version 1', () => {
  const key = (socket: string) => Buffer.from(`r${socket}`);
  const old = aRecord({ status: 'open', state: 's', socket: newSocket() });

  test('has its records found, and moved when they are restored', async () => {
    const { store, kept } = world();
    await store.write([{ key: key(old.socket), value: Buffer.from(JSON.stringify(old)) }]);
    const [found] = kept.load();
    expect(found?.record).toEqual(old);
    if (found === undefined) throw new Error('none');
    kept.restored(found);
    await eventually('it has moved', () => store.get(key(old.socket)) === undefined);
    expect(foundIn(store)).toEqual([old]);
    kept.removed(found);
    await eventually('nothing is left in the store', () => store.records === 0);
  });

  test('is found once if the process is killed while its records move', async () => {
    const { store, kept, open } = world();
    const [moved] = await open(1);
    if (moved === undefined) throw new Error('none');
    const { socket } = moved.record;
    await store.write([
      { key: key(socket), value: Buffer.from(JSON.stringify({ ...moved.record, state: 'old' })) },
    ]);
    expect(foundIn(store)).toEqual([{ ...moved.record, status: 'open' }]);
    const next = new KeptRecords(store, () => {}, clock);
    next.load();
    await next.close();
    expect(store.get(key(socket))).toBeUndefined();
    await kept.close();
  });
});

test('a socket that is opened and ends at once is not written again', async () => {
  const { store, kept, open } = world();
  const [one] = await open(1);
  if (one === undefined) throw new Error('none');
  change(one, { state: 'new' });
  kept.changed(one);
  kept.removed(one);
  await kept.close();
  expect(store.records).toBe(0);
});

test('a process starts behind what those before it wrote', async () => {
  const { store, open } = world();
  const first = await open(5);
  const next = world(store);
  for (const found of next.kept.load()) next.kept.restored(found);
  const second = await next.open(5);
  expect(socketsIn(store)).toEqual(idsOf([...first, ...second]));
  await next.kept.close();
  expect(socketsIn(store)).toEqual(idsOf([...first, ...second]));
});

test('what this program never wrote is an error at the start', async () => {
  for (const [key, value] of [
    ['s0000000000', '{}'],
    ['s!', '[]'],
    ['e0000000000', 'short'],
    ['rsocket', '[]'],
  ] as const) {
    const store = new LastingStore();
    await store.write([{ key: Buffer.from(key), value: Buffer.from(value) }]);
    expect(() => foundIn(store), key).toThrow();
  }
});
