import { describe, expect, test } from 'vitest';
import { deadLetter } from '../../functions/gateway/dead-letters.ts';
import { messageHook } from '../../functions/gateway/relay/hooks.ts';
import { HookStore } from '../../functions/local/hook-store.ts';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import type { WaitingArrival } from '../../functions/local/stored.ts';
import { StoredDeadLetters } from '../../functions/local/stored-dead-letters.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { aRecord, newSocket } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

let made = 0;

function arrival(socket: SocketId, bytes: number): WaitingArrival {
  made += 1;
  return { kind: 'message', socket, id: `m${made}`.padEnd(8, '_'), body: 'x'.repeat(bytes), time: 1 };
}

/** What a message takes in the store besides its text. */
async function overhead(): Promise<number> {
  const store = new MemoryStore();
  await new HookStore(store).append(arrival(newSocket(), 0));
  const [{ value } = { value: new Uint8Array() }] = store.range(Buffer.from('q'), Buffer.from('r'), 1);
  return value.length + 256;
}

describe('the hooks that wait', () => {
  test('of one socket may take as many bytes as there is room for, and not one more', async () => {
    const fixed = await overhead();
    const hooks = new HookStore(new MemoryStore(), { each: 2 * fixed + 20, all: 1_000_000 });
    const socket = newSocket();
    expect(await hooks.append(arrival(socket, 10))).toBe('kept');
    expect(await hooks.append(arrival(socket, 11)), 'a byte too many').toBe('full');
    expect(await hooks.append(arrival(socket, 10)), 'just enough').toBe('kept');
    expect(await hooks.append(arrival(newSocket(), 10)), 'another socket').toBe('kept');
    await hooks.removeFirst(socket, hooks.firstPlace(socket) ?? 0);
    expect(await hooks.append(arrival(socket, 10)), 'after one is done').toBe('kept');
  });

  test('of all sockets may take as many bytes as there is room for, and not one more', async () => {
    const fixed = await overhead();
    const hooks = new HookStore(new MemoryStore(), { each: 1_000_000, all: 2 * fixed + 20 });
    const socket = newSocket();
    expect(await hooks.append(arrival(socket, 10))).toBe('kept');
    expect(await hooks.append(arrival(newSocket(), 11)), 'a byte too many').toBe('full');
    expect(await hooks.append(arrival(newSocket(), 10)), 'just enough').toBe('kept');
    await hooks.removeFirst(socket, hooks.firstPlace(socket) ?? 0);
    expect(await hooks.append(arrival(newSocket(), 10)), 'after one is done').toBe('kept');
  });

  test('are found by the next process, with their room', async () => {
    const store = new MemoryStore();
    const fixed = await overhead();
    const room = { each: 2 * fixed + 20, all: 1_000_000 };
    const socket = newSocket();
    const before = new HookStore(store, room);
    const [first, second] = [arrival(socket, 10), arrival(socket, 10)];
    await before.append(first);
    await before.append(second);
    const next = new HookStore(store, room);
    next.load();
    expect(next.sockets).toEqual([socket]);
    expect(next.first(socket)?.hook).toEqual(first);
    expect(await next.append(arrival(socket, 0))).toBe('full');
    await next.removeFirst(socket, next.firstPlace(socket) ?? 0);
    expect(next.first(socket)?.hook).toEqual(second);
    expect(await next.append(arrival(socket, 10))).toBe('kept');
  });
});

describe('dead letters', () => {
  const clock = new ManualClock();

  function letter() {
    made += 1;
    const hook = messageHook(aRecord({}), { id: `m${made}`, body: 'x', time: 1_000 });
    const tries = { since: 1_000, attempts: 1, errors: 0 };
    return deadLetter({ hook, groupsVersion: 0, tries }, 'the app answered 400', clock.now());
  }

  test('are as many as there is room for, and one that dies again takes no more', async () => {
    const room = { letters: 2, storeBytes: 1_000_000 };
    const letters = new StoredDeadLetters(new MemoryStore(), clock, room);
    const one = letter();
    expect(await letters.put(one)).toBe('kept');
    expect(await letters.put(letter())).toBe('kept');
    expect(await letters.put(letter()), 'one too many').toBe('full');
    expect(await letters.put(one), 'one that is there').toBe('kept');
    expect(await letters.remove(one.id)).toBe(true);
    expect(await letters.put(letter()), 'after one is removed').toBe('kept');
  });

  test('are refused while the store has no room for them', async () => {
    const store = new MemoryStore();
    const first = letter();
    await new StoredDeadLetters(store, clock).put(first);
    const at = (storeBytes: number) => new StoredDeadLetters(store, clock, { letters: 10, storeBytes });
    expect(await at(store.bytes).put(letter()), 'no byte is left').toBe('full');
    expect(await at(store.bytes + 1).put(letter()), 'a byte is left').toBe('kept');
  });
});
