import { describe, expect, test } from 'vitest';
import type { PresenceKey, PresenceState, Telling } from '../../functions/gateway/presences.ts';
import { MemoryPresences } from '../../functions/local/memory-presences.ts';
import type { Store } from '../../functions/local/store.ts';
import { aPath, newSocket } from '../fakes/a-record.ts';
import { groupName } from '../fakes/group-names.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { PromptStore } from '../fakes/prompt-store.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingLog } from '../support/recording-log.ts';

const key: PresenceKey = { group: groupName('lobby'), subject: 'u:alice' };
const socket = newSocket();

function hook(event: 'joined' | 'left'): Telling {
  return { event, socket, path: aPath('/'), time: 1, rounds: 0 };
}

function begun(store: Store = new PromptStore()) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const presences = new MemoryPresences(store, clock, log);
  const set = async (state: PresenceState): Promise<void> => {
    const leased = await presences.lease(key, 1_000);
    if (leased.kind !== 'leased') throw new Error(leased.kind);
    await presences.set(key, leased.token, state);
    await presences.release(key, leased.token);
  };
  const known = async (): Promise<PresenceState> => {
    const leased = await presences.lease(key, 0);
    if (leased.kind !== 'leased') throw new Error(leased.kind);
    return leased.state;
  };
  return { presences, clock, log, store, set, known };
}

/** What the store was told last of each subject. */
function storedIn(store: Store): unknown[] {
  return store
    .range(Buffer.from('p'), Buffer.from('q'), 10)
    .map(({ value }) => JSON.parse(String(value)).told?.event);
}

test('the next process finds who was told to have joined, with the hook that was being told', async () => {
  const first = begun();
  await first.set({ told: hook('joined'), telling: hook('left'), sequence: 7 });
  const { presences, clock, known } = begun(first.store);
  expect(presences.load()).toEqual([{ ...key, socket }]);
  expect(await known()).toMatchObject({ told: hook('joined'), telling: hook('left'), sequence: 7 });
  expect((await presences.departure(key))?.at, 'gone with the process').toBe(clock.now());
});

test('a user who was told to have left is in the store no more', async () => {
  const { store, set } = begun();
  await set({ told: hook('joined'), sequence: 1 });
  expect(storedIn(store)).toHaveLength(1);
  await set({ told: hook('left'), sequence: 2 });
  expect(storedIn(store)).toEqual([]);
});

test('a user who was forgotten gets greater numbers than before', async () => {
  const { set, known } = begun();
  await set({ told: hook('left'), sequence: 9_000 });
  expect(await known()).toEqual({ sequence: 9_000 });
});

test('a user whom the process before has forgotten gets greater numbers, though the clock was set back', async () => {
  const first = begun();
  await first.set({ told: hook('joined'), sequence: 9_000 });
  await first.set({ told: hook('left'), sequence: 9_001 });
  await first.set({ told: hook('left'), sequence: 5 });
  const { presences, known } = begun(first.store);
  expect(presences.load()).toEqual([]);
  expect((await known()).sequence).toBe(9_001);
});

test('the number of those who were forgotten is one record, however many there are', async () => {
  const { store, set } = begun();
  for (let sequence = 1; sequence <= 100; sequence++) await set({ told: hook('left'), sequence });
  expect(store.records).toBe(1);
});

test('a number that the gateway has not written is no start', async () => {
  const store = new PromptStore();
  for (const wrong of ['x', '-1', '"7"', '1.5']) {
    await store.write([{ key: Buffer.from('n'), value: Buffer.from(wrong) }]);
    expect(() => begun(store).presences.load(), wrong).toThrow();
  }
});

test('what an earlier process has told is deleted, and nothing else', async () => {
  const { presences, store, set } = begun();
  await store.write([{ key: Buffer.from('q1'), value: Buffer.from('a hook') }]);
  await set({ told: hook('joined'), sequence: 1 });
  await presences.forget();
  expect(storedIn(store)).toEqual([]);
  expect(store.get(Buffer.from('q1'))).toBeDefined();
});

test.for([
  ['of a user who is deleted', 9, 7],
  ['of one who was forgotten before', 7, 9],
] as const)(
  'a start without presence keeps the greatest number, even that %s',
  async ([, stored, before]) => {
    const { presences, store, set } = begun();
    await store.write([
      { key: Buffer.from('n'), value: Buffer.from(String(before)) },
      { key: Buffer.from('pbroken'), value: Buffer.from('not written by any gateway') },
    ]);
    await set({ told: hook('joined'), sequence: stored });
    await presences.forget();
    expect(storedIn(store)).toEqual([]);
    const next = begun(store);
    next.presences.load();
    expect(await next.known()).toMatchObject({ sequence: 9 });
  },
);

test('a start without presence bears a number that no gateway has written', async () => {
  const { presences, store, set } = begun();
  await store.write([{ key: Buffer.from('n'), value: Buffer.from('x') }]);
  await set({ told: hook('joined'), sequence: 3 });
  await presences.forget();
  const next = begun(store);
  next.presences.load();
  expect(await next.known()).toMatchObject({ sequence: 3 });
});

test('what 2,500 users were told is deleted by three writes, so that a start without presence is soon over', async () => {
  const { presences, store } = begun();
  const keys = Array.from({ length: 2_500 }, (_, user) => Buffer.from(`plobby\0u:${user}`));
  await store.write(keys.map((kept) => ({ key: kept, value: Buffer.from('{}') })));
  const sizes: number[] = [];
  const { write } = store;
  store.write = (changes) => {
    sizes.push(changes.length);
    return write.call(store, changes);
  };
  await presences.forget();
  expect(sizes).toEqual([1_000, 1_000, 500]);
  expect(store.records).toBe(0);
});

test('a disk that is full is logged once a minute, however many users come and go', async () => {
  const store = new LastingStore();
  store.isFull = true;
  const { set, clock, log } = begun(store);
  for (let sequence = 1; sequence <= 100; sequence++) await set({ told: hook('joined'), sequence });
  expect(log.of('presence_not_kept').map(({ fields }) => fields)).toEqual([
    { group: 'lobby', why: 'The disk of the store is full.' },
  ]);
  clock.skipTo(clock.now() + 60_000);
  await set({ told: hook('joined'), sequence: 101 });
  expect(log.of('presence_not_kept'), 'a minute later').toHaveLength(2);
});

describe('what the store has refused', () => {
  test('is stored as it is by then, once the disk has room again', async () => {
    const store = new LastingStore();
    store.isFull = true;
    const { set, presences } = begun(store);
    await set({ told: hook('joined'), telling: hook('left'), sequence: 1 });
    await set({ told: hook('joined'), sequence: 2 });
    store.isFull = false;
    await eventually('it is stored', () => store.records === 1);
    expect(storedIn(store)).toEqual(['joined']);
    expect(await presences.close()).toBe(0);
  });

  test('is deleted once the disk works again, if the user has left by then', async () => {
    const store = new LastingStore();
    const { set, presences } = begun(store);
    await set({ told: hook('joined'), sequence: 1 });
    store.fault = new Error('The disk failed.');
    await set({ told: hook('left'), sequence: 2 });
    expect(storedIn(store)).toEqual(['joined']);
    store.fault = undefined;
    await eventually('it is deleted', () => storedIn(store).length === 0);
    expect(await presences.close()).toBe(0);
  });

  test('does not grow with users who come and go', async () => {
    const store = new LastingStore();
    store.fault = new Error('The disk failed.');
    const { set, presences } = begun(store);
    await set({ told: hook('joined'), sequence: 1 });
    await set({ told: hook('left'), sequence: 2 });
    expect(await presences.close(), 'subjects that wait for the disk').toBe(0);
  });

  test('is stored by a stop, which says of how many users the store knows nothing', async () => {
    const closedAfter = async (hasRoom: boolean, wasTold: boolean): Promise<number> => {
      const store = new LastingStore();
      const { set, presences } = begun(store);
      if (wasTold) await set({ told: hook('joined'), sequence: 1 });
      store.isFull = true;
      await set({ told: hook('joined'), telling: hook('left'), sequence: 2 });
      store.isFull = !hasRoom;
      return presences.close();
    };
    expect(await closedAfter(true, false), 'with room by then').toBe(0);
    expect(await closedAfter(false, false), 'without').toBe(1);
    expect(await closedAfter(false, true), 'of a user whom it knew before').toBe(0);
  });
});

test('a disk that does not delete what an earlier process has told is logged', async () => {
  const store = new LastingStore();
  const { presences, log, set } = begun(store);
  await set({ told: hook('joined'), sequence: 1 });
  store.fault = new Error('The disk failed.');
  await presences.forget();
  expect(log.of('presence_not_kept').map(({ fields }) => fields['why'])).toEqual(['The disk failed.']);
});
