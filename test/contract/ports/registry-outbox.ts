import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, twentyTimes } from './registry-world.ts';

const hour = 3_600_000;
const maxBytes = 262_144;
const maxMessages = 100;

/** The messages that wait for a client that is still opening. */
export function outboxContract(name: string, make: MakeRegistry): void {
  describe(`${name}: the outbox`, () => {
    const fresh = () => make(new ManualClock());

    test('messages wait in the order they came, before and after the app has accepted', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      const bodies = ['one', '', 'one', 'dr😀i', '"\\\n'];
      for (const body of bodies) expect(await registry.append(socket, body)).toBe('queued');
      await registry.accept(socket, acceptance, 'accepted');
      expect(await registry.append(socket, 'last')).toBe('queued');
      expect(await registry.waiting(socket)).toEqual([...bodies, 'last']);
      expect(await registry.waiting(socket)).toEqual([...bodies, 'last']);
    });

    test('messages of 20 senders at once all wait', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      const outcomes = await twentyTimes((at) => registry.append(socket, `m${at}`));
      expect(new Set(outcomes)).toEqual(new Set(['queued']));
      const expected = Array.from({ length: 20 }, (_, at) => `m${at}`);
      expect([...(await registry.waiting(socket))].sort()).toEqual(expected.sort());
    });

    test('nothing waits for a socket that is open or unknown', async () => {
      const registry = await fresh();
      expect(await registry.waiting(await bring(registry, 'open'))).toEqual([]);
      expect(await registry.waiting(await bring(registry, 'unknown'))).toEqual([]);
    });

    test('262,144 bytes may wait, and not one more', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      expect(await registry.append(socket, 'x'.repeat(maxBytes / 2))).toBe('queued');
      expect(await registry.append(socket, 'x'.repeat(maxBytes / 2 + 1))).toBe('full');
      expect(await registry.append(socket, '😀'.repeat(maxBytes / 8))).toBe('queued');
      expect(await registry.append(socket, 'x')).toBe('full');
      expect(await registry.append(socket, '')).toBe('queued');
      expect(await registry.waiting(socket)).toHaveLength(3);
    });

    test('bytes are counted as UTF-8', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      expect(await registry.append(socket, '😀'.repeat(maxBytes / 4 - 1))).toBe('queued');
      expect(await registry.append(socket, 'xxxxx')).toBe('full');
      expect(await registry.append(socket, 'xxxx')).toBe('queued');
    });

    test('100 messages may wait, and not one more', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      for (let at = 0; at < maxMessages; at++) expect(await registry.append(socket, `${at}`)).toBe('queued');
      expect(await registry.append(socket, 'over')).toBe('full');
      await registry.accept(socket, acceptance, 'accepted');
      expect(await registry.append(socket, 'over')).toBe('full');
      expect(await registry.waiting(socket)).toEqual(Array.from({ length: maxMessages }, (_, at) => `${at}`));
    });

    test('of 20 senders at once at the limit, one gets the last place', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      for (let at = 0; at < maxMessages - 1; at++) await registry.append(socket, `${at}`);
      const outcomes = await twentyTimes((at) => registry.append(socket, `late ${at}`));
      expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(19);
    });

    test('one socket’s full outbox is none of another’s', async () => {
      const registry = await fresh();
      const [one, other] = [await bring(registry, 'opening'), await bring(registry, 'opening')];
      expect(await registry.append(one, 'x'.repeat(maxBytes))).toBe('queued');
      expect(await registry.append(other, 'x'.repeat(maxBytes))).toBe('queued');
    });

    test('exactly the messages that were posted are taken off, the oldest first', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      await registry.append(socket, 'third');
      expect(await registry.flushed(socket, 1)).toBe('more');
      expect(await registry.waiting(socket)).toEqual(['second', 'third']);
      expect((await registry.get(socket))?.status).toBe('accepted');
      expect(await registry.flushed(socket, 0)).toBe('more');
      expect(await registry.flushed(socket, 2)).toBe('open');
      expect((await registry.get(socket))?.status).toBe('open');
      expect(await registry.waiting(socket)).toEqual([]);
    });

    test('what came while the flusher posted keeps the socket from opening', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      const { length } = await registry.waiting(socket);
      await registry.append(socket, 'meanwhile');
      expect(await registry.flushed(socket, length)).toBe('more');
      expect(await registry.waiting(socket)).toEqual(['meanwhile']);
      expect(await registry.flushed(socket, 1)).toBe('open');
      expect(await registry.append(socket, 'now')).toBe('open');
    });

    test('a socket that was accepted with nothing waiting opens when it is flushed', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      await registry.accept(socket, acceptance, 'accepted');
      expect(await registry.flushed(socket, 0)).toBe('open');
    });

    test('what was posted makes room again, in bytes and in messages', async () => {
      const registry = await fresh();
      const wide = await bring(registry, 'opening');
      await registry.append(wide, 'x'.repeat(maxBytes - 8));
      await registry.append(wide, '😀😀');
      await registry.accept(wide, acceptance, 'accepted');
      await registry.lease(wide, 'accepted', hour);
      expect(await registry.flushed(wide, 1)).toBe('more');
      expect(await registry.append(wide, 'x'.repeat(maxBytes - 7))).toBe('full');
      expect(await registry.append(wide, 'x'.repeat(maxBytes - 8))).toBe('queued');

      const long = await bring(registry, 'opening');
      for (let at = 0; at < maxMessages; at++) await registry.append(long, `${at}`);
      await registry.accept(long, acceptance, 'accepted');
      await registry.lease(long, 'accepted', hour);
      await registry.flushed(long, 1);
      expect(await registry.append(long, 'fits')).toBe('queued');
      expect(await registry.append(long, 'over')).toBe('full');
    });
  });
}
