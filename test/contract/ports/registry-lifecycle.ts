import { describe, expect, test } from 'vitest';
import { aPath, aRecord, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end, type Standing, twentyTimes } from './registry-world.ts';

/** What the record takes from an acceptance that changes no groups. */
const { groups: _, ...decision } = acceptance;
const living: Standing[] = ['opening', 'opening, messages wait', 'accepted', 'open'];
const standings: Standing[] = [...living, 'closing'];

/** A record from its socket's first moment to its last. */
export function lifecycleContract(name: string, make: MakeRegistry): void {
  describe(`${name}: the life of a record`, () => {
    const fresh = () => make(new ManualClock());

    test('a record that was put is read as it was', async () => {
      const registry = await fresh();
      const record = aRecord({
        ...{ path: aPath('/caf%C3%A9/%F0%9F%98%80'), query: 'a=1&a=%20&=&b', user: 'Ünï 😀' },
        ...{ state: '{"a":"\\\\"}', origin: 'https://app.example' },
      });
      await registry.put(record);
      expect(await registry.get(record.socket)).toEqual(record);
    });

    test('one of 20 puts of a socket at once is done, and the others change nothing', async () => {
      const registry = await fresh();
      const record = aRecord();
      const done = await twentyTimes((at) => registry.put({ ...record, query: `${at}` }));
      expect(done.filter((isDone) => isDone)).toHaveLength(1);
      expect(await registry.get(record.socket)).toEqual({ ...record, query: `${done.indexOf(true)}` });
    });

    test.for(standings)('a socket that is %s is not put again, and stays as it is', async (standing) => {
      const registry = await fresh();
      const socket = await bring(registry, standing);
      const before = [await registry.get(socket), await registry.waiting(socket), await registry.list({}, 9)];
      expect(await registry.put(aRecord({ socket, user: 'another' }))).toBe(false);
      const after = [await registry.get(socket), await registry.waiting(socket), await registry.list({}, 9)];
      expect(after).toEqual(before);
    });

    test('a socket that was forgotten may be put again', async () => {
      const registry = await fresh();
      const record = aRecord();
      expect(await registry.put(record)).toBe(true);
      await registry.remove(record.socket);
      expect(await registry.put(record)).toBe(true);
    });

    test('a socket that nobody put is unknown', async () => {
      const registry = await fresh();
      expect(await registry.get(newSocket())).toBeUndefined();
    });

    test('a socket for which nothing waits is accepted as open, with what the app said of it', async () => {
      const registry = await fresh();
      const record = aRecord({ user: 'from a ticket', path: aPath('/room/1'), query: 'q=1' });
      await registry.put(record);
      expect(await registry.accept(record.socket, acceptance, 'open')).toBe('done');
      expect(await registry.get(record.socket)).toEqual({ ...record, ...decision, status: 'open' });
    });

    test('a socket for which messages wait is not opened, and nothing of it changes', async () => {
      const registry = await fresh();
      const record = aRecord();
      await registry.put(record);
      await registry.append(record.socket, 'waits');
      expect(await registry.accept(record.socket, acceptance, 'open')).toBe('waiting');
      expect(await registry.get(record.socket)).toEqual(record);
      expect(await registry.waiting(record.socket)).toEqual(['waits']);
    });

    test.for([0, 1])('a socket for which %i messages wait is accepted to be flushed', async (count) => {
      const registry = await fresh();
      const record = aRecord();
      await registry.put(record);
      for (let at = 0; at < count; at++) await registry.append(record.socket, 'waits');
      expect(await registry.accept(record.socket, acceptance, 'accepted')).toBe('done');
      expect(await registry.get(record.socket)).toEqual({ ...record, ...decision, status: 'accepted' });
      expect(await registry.waiting(record.socket)).toHaveLength(count);
    });

    test('one of 20 acceptances at once is done', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      const outcomes = await twentyTimes((at) =>
        registry.accept(socket, { ...acceptance, user: `u${at}` }, 'open'),
      );
      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'gone')).toHaveLength(19);
      expect((await registry.get(socket))?.user).toBe(`u${outcomes.indexOf('done')}`);
    });

    test.for(living)('a socket that is %s is closed by one of 20 calls, which says how', async (standing) => {
      const registry = await fresh();
      const socket = await bring(registry, standing);
      const before = await registry.get(socket);
      const closed = await twentyTimes((at) => registry.markEnded(socket, { ...end, code: 3000 + at }));
      const mine = closed.findIndex((record) => record !== undefined);
      expect(closed.filter((record) => record !== undefined)).toHaveLength(1);
      const kept = { ...before, status: 'closing', end: { ...end, code: 3000 + mine } };
      expect(closed[mine]).toEqual(kept);
      expect(await registry.get(socket)).toEqual(kept);
    });

    test('of a close and an acceptance at once, both orders leave the socket closing', async () => {
      const registry = await fresh();
      for (const order of ['close first', 'accept first']) {
        const socket = await bring(registry, 'opening');
        const close = () => registry.markEnded(socket, end);
        const accept = () => registry.accept(socket, acceptance, 'open');
        const calls = order === 'close first' ? [close(), accept()] : [accept(), close()];
        const outcomes = await Promise.all<unknown>(calls);
        expect(outcomes[order === 'close first' ? 0 : 1]).toMatchObject({ socket, end });
        expect((await registry.get(socket))?.status).toBe('closing');
      }
    });

    test.for(['open', 'accepted'] as const)(
      'a socket that was closed while it was opening is not %s any more, but keeps what the app said of it',
      async (to) => {
        const registry = await fresh();
        for (const user of ['alice', '']) {
          const socket = await bring(registry, 'opening', { user: 'from a ticket' });
          await registry.markEnded(socket, end);
          const before = await registry.get(socket);
          const said = { ...decision, user };
          const accepted = { ...said, groups: acceptance.groups };
          expect(await registry.accept(socket, accepted, to)).toBe('gone');
          expect(await registry.get(socket)).toEqual({ ...before, ...said });
          expect(await registry.accept(socket, { ...accepted, state: 'other' }, to)).toBe('gone');
          expect(await registry.get(socket)).toEqual({ ...before, ...said });
        }
      },
    );

    test('an end without a reason, with no code of its own, is kept', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      await registry.markEnded(socket, { code: 1006, reason: '', time: 5 });
      expect((await registry.get(socket))?.end).toEqual({ code: 1006, reason: '', time: 5 });
    });

    test.for(living)(
      'a state is kept with a socket that is %s, and nothing else changes',
      async (standing) => {
        const registry = await fresh();
        const socket = await bring(registry, standing);
        const before = await registry.get(socket);
        expect(await registry.setState(socket, 'x'.repeat(4_096))).toBe('done');
        expect(await registry.get(socket)).toEqual({ ...before, state: 'x'.repeat(4_096) });
        expect(await registry.setState(socket, '')).toBe('done');
        expect((await registry.get(socket))?.state).toBe('');
      },
    );

    test('no state is kept with a socket that is closing or unknown', async () => {
      const registry = await fresh();
      const closing = await bring(registry, 'closing');
      const before = await registry.get(closing);
      expect(await registry.setState(closing, 'late')).toBe('gone');
      expect(await registry.get(closing)).toEqual(before);
      const unknown = newSocket();
      expect(await registry.setState(unknown, 'late')).toBe('gone');
      expect(await registry.get(unknown)).toBeUndefined();
    });

    test('a record that was read does not change under its reader', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      const read = await registry.get(socket);
      await registry.accept(socket, acceptance, 'open');
      await registry.markEnded(socket, end);
      expect(read).toMatchObject({ status: 'opening', user: '', acceptedAt: 0 });
    });

    test.for<Standing>([...living, 'closing', 'unknown'])(
      'a socket that is %s is forgotten, and twice is harmless',
      async (standing) => {
        const registry = await fresh();
        const socket = await bring(registry, standing);
        await registry.remove(socket);
        await registry.remove(socket);
        expect(await registry.get(socket)).toBeUndefined();
        expect(await registry.waiting(socket)).toEqual([]);
        expect(await registry.append(socket, 'late')).toBe('gone');
        expect(await registry.markEnded(socket, end)).toBeUndefined();
      },
    );
  });
}
