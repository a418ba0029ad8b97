import { expect, test } from 'vitest';
import type { PresenceKey, PresenceState, Telling } from '../../functions/gateway/presences.ts';
import { MemoryPresences } from '../../functions/local/memory-presences.ts';
import type { Store } from '../../functions/local/store.ts';
import { aPath, newSocket } from '../fakes/a-record.ts';
import { groupName } from '../fakes/group-names.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { PromptStore } from '../fakes/prompt-store.ts';
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
  expect(store.records).toBe(1);
  await set({ told: hook('left'), sequence: 2 });
  expect(store.records).toBe(0);
});

test('a user who was forgotten gets greater numbers than before', async () => {
  const { set, known } = begun();
  await set({ told: hook('left'), sequence: 9_000 });
  expect(await known()).toEqual({ sequence: 9_000 });
});

test('what an earlier process has told is deleted, and nothing else', async () => {
  const { presences, store, set } = begun();
  await store.write([{ key: Buffer.from('q1'), value: Buffer.from('a hook') }]);
  await set({ told: hook('joined'), sequence: 1 });
  await presences.forget();
  expect(store.records).toBe(1);
  expect(store.get(Buffer.from('q1'))).toBeDefined();
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
