import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup, aPath, aRecord } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end } from './registry-world.ts';

const room = aPath('/room');
const hall = aPath('/hall');

/** The sockets that a send would reach, all of them and page by page. */
export function directoryContract(name: string, make: MakeRegistry): void {
  describe(`${name}: the directory`, () => {
    const fresh = () => make(new ManualClock());

    test('a broadcast finds the sockets that are opening, accepted and open, and none that is closing', async () => {
      const registry = await fresh();
      const found = [
        await bring(registry, 'opening'),
        await bring(registry, 'opening, messages wait'),
        await bring(registry, 'accepted'),
        await bring(registry, 'open'),
      ];
      await bring(registry, 'closing');
      await registry.remove(await bring(registry, 'open'));
      expect(await paged(registry, {})).toEqual(sorted(found));
      expect(await listed(registry, {}, 2)).toEqual(sorted(found));
    });

    test('a registry without sockets has none to give', async () => {
      const registry = await fresh();
      expect(await paged(registry, {})).toEqual([]);
      expect(await registry.list({}, 10)).toEqual({ sockets: [] });
    });

    test('path and user narrow the sockets, alone and together', async () => {
      const registry = await fresh();
      const roomAlice = await bring(registry, 'open', { path: room, user: 'alice' });
      const roomBob = await bring(registry, 'open', { path: room, user: 'bob' });
      const hallAlice = await bring(registry, 'accepted', { path: hall, user: 'alice' });
      await bring(registry, 'closing', { path: room, user: 'alice' });
      const expectFound = async (filter: SocketFilter, sockets: SocketId[]): Promise<void> => {
        expect(await paged(registry, filter)).toEqual(sorted(sockets));
        expect(await listed(registry, filter, 1)).toEqual(sorted(sockets));
      };
      await expectFound({ path: room }, [roomAlice, roomBob]);
      await expectFound({ user: 'alice' }, [roomAlice, hallAlice]);
      await expectFound({ path: room, user: 'alice' }, [roomAlice]);
      await expectFound({ path: hall, user: 'bob' }, []);
      await expectFound({ path: undefined, user: undefined }, [roomAlice, roomBob, hallAlice]);
      await expectFound({ path: aPath('/Room') }, []);
      await expectFound({ path: aPath('/room/') }, []);
      await expectFound({ user: 'ali' }, []);
      await expectFound({ user: 'nobody' }, []);
    });

    test('a path is found however it is written, and a record keeps it as it came', async () => {
      const registry = await fresh();
      const written = ['/caf%c3%a9%2f1', '/caf%C3%A9%2F1', '/%63af%C3%a9%2f1'].map(aPath);
      const sockets: SocketId[] = [];
      for (const path of written) sockets.push(await bring(registry, 'open', { path, user: 'alice' }));
      await bring(registry, 'open', { path: aPath('/cafe%2F1'), user: 'alice' });
      await bring(registry, 'open', { path: aPath('/caf%C3%A9/1'), user: 'alice' });
      for (const path of [...written, aPath('/c%61f%C3%A9%2F1')]) {
        expect(await paged(registry, { path })).toEqual(sorted(sockets));
        expect(await listed(registry, { path }, 1)).toEqual(sorted(sockets));
        expect(await paged(registry, { path, user: 'alice' })).toEqual(sorted(sockets));
      }
      const kept = await Promise.all(sockets.map((socket) => registry.get(socket)));
      expect(kept.map((record) => record?.path)).toEqual(written);
      for (const socket of sockets) await registry.remove(socket);
      expect(await paged(registry, { path: written[0] })).toEqual([]);
    });

    test('an escaped slash is not a slash', async () => {
      const registry = await fresh();
      const [escaped, plain] = [aPath('/room%2fadmin'), aPath('/room/admin')];
      const one = await bring(registry, 'open', { path: escaped });
      const other = await bring(registry, 'open', { path: plain });
      expect(await paged(registry, { path: aPath('/room%2Fadmin') })).toEqual([one]);
      expect(await paged(registry, { path: plain })).toEqual([other]);
    });

    test('a socket is found under the user that the app gave it, and not under its ticket’s', async () => {
      const registry = await fresh();
      const { socket } = await put(registry, { user: 'ticket' });
      expect(await paged(registry, { user: 'ticket' })).toEqual([socket]);
      await registry.accept(socket, { ...acceptance, user: 'app' }, 'open');
      expect(await paged(registry, { user: 'app' })).toEqual([socket]);
      expect(await paged(registry, { user: 'ticket' })).toEqual([]);
      expect(await listed(registry, { user: 'ticket' }, 5)).toEqual([]);
      await registry.markEnded(socket, end);
      expect(await paged(registry, { user: 'app' })).toEqual([]);
    });

    test('the records that are found are what is known of the sockets now', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open', { path: room });
      await registry.setState(socket, 'now');
      const record = await registry.get(socket);
      for await (const { records } of registry.pages({ path: room })) expect(records).toEqual([record]);
      expect((await registry.list({ path: room }, 1))?.sockets).toEqual([record]);
    });

    test('whoever may need few sockets finds all the same, each once, if more turn out to be needed', async () => {
      const registry = await fresh();
      const sockets: SocketId[] = [];
      for (let at = 0; at < 25; at++)
        sockets.push((await put(registry, { path: room, user: 'alice' })).socket);
      for (const filter of [{}, { path: room }, { user: 'alice' }])
        expect(await paged(registry, filter, 3), JSON.stringify(filter)).toEqual(sorted(sockets));
    });

    test('by every filter each of 2,500 sockets is given once, even if all change and some end meanwhile', async () => {
      const registry = await fresh();
      const live = new Set<SocketId>();
      const filters = [{}, { path: room }, { user: 'alice' }, { path: room, user: 'alice' }];
      for (const [round, filter] of filters.entries()) {
        while (live.size < 2_500)
          live.add((await put(registry, { path: room, user: 'alice', state: `${live.size}` })).socket);
        const before = new Set(live);
        const found: SocketId[] = [];
        for await (const { records } of registry.pages(filter)) {
          found.push(...records.map(({ socket }) => socket));
          for (const { socket } of records) await registry.setState(socket, `told ${round}`);
          for (const { socket } of records.slice(0, 10)) {
            await registry.markEnded(socket, end);
            live.delete(socket);
          }
        }
        expect(found, JSON.stringify(filter)).toHaveLength(2_500);
        expect(new Set(found), JSON.stringify(filter)).toEqual(before);
      }
    });

    test.for([1, 2, 3, 7, 8, 100])(
      'a list in pages of %i has each socket once, in one order',
      async (limit) => {
        const registry = await fresh();
        for (let at = 0; at < 7; at++) await bring(registry, 'open', { path: room });
        const whole = (await registry.list({ path: room }, 1_000))?.sockets.map(({ socket }) => socket);
        expect(whole).toHaveLength(7);
        expect(await inOrder(registry, { path: room }, limit)).toEqual(whole);
        for (const socket of whole?.slice(0, 1) ?? []) await registry.setState(socket, 'changed');
        expect(await inOrder(registry, { path: room }, limit)).toEqual(whole);
      },
    );

    test('a list goes on where it was though sockets end between its pages', async () => {
      const registry = await fresh();
      for (let at = 0; at < 9; at++) await bring(registry, 'open');
      const order = await inOrder(registry, {}, 1_000);
      const first = await registry.list({}, 3);
      const [before, last] = first?.sockets.slice(1).map(({ socket }) => socket) ?? [];
      if (before === undefined || last === undefined) throw new Error('The page is short.');
      await registry.markEnded(before, end);
      await registry.remove(last);
      const ahead = order[3];
      if (ahead !== undefined) await registry.remove(ahead);
      expect(await inOrder(registry, {}, 3, first?.cursor)).toEqual(order.slice(4));
    });

    test('a cursor goes on in its own list alone', async () => {
      const registry = await fresh();
      const group = aGroup('room');
      for (const user of ['alice', 'bob', 'alice', 'bob']) {
        const socket = await bring(registry, 'open', { path: room, user });
        await registry.changeGroups(socket, { join: [group], leave: [] });
      }
      const filters: SocketFilter[] = [
        ...[{}, { path: room }, { user: 'alice' }, { user: 'bob' }],
        ...[{ group }, { group, path: room }, { group, user: 'alice' }, { group, user: 'bob' }],
      ];
      const cursors = await Promise.all(filters.map((filter) => registry.list(filter, 1)));
      for (const [at, filter] of filters.entries()) {
        for (const [of, page] of cursors.entries()) {
          expect(page?.cursor, `of list ${of}`).toBeDefined();
          const next = await registry.list(filter, 1, page?.cursor);
          expect(next !== undefined, `the cursor of list ${of} in list ${at}`).toBe(at === of);
          expect(
            await registry.listUsers(group, 1, page?.cursor),
            `of list ${of}, for users`,
          ).toBeUndefined();
        }
      }
      const ofUsers = (await registry.listUsers(group, 1))?.cursor;
      expect((await registry.listUsers(group, 1, ofUsers))?.users).toHaveLength(1);
      expect(
        await registry.listUsers(aGroup('hall'), 1, ofUsers),
        'the users of another group',
      ).toBeUndefined();
      expect(await registry.list({ group }, 1, ofUsers), 'the sockets of the group').toBeUndefined();
    });

    test.for(['', ' ', 'not a cursor', '../..', '😀', '{"socket":"x"}', 'x'.repeat(5_000)])(
      'the cursor %j is none of ours',
      async (cursor) => {
        const registry = await fresh();
        await bring(registry, 'open');
        expect(await registry.list({}, 10, cursor)).toBeUndefined();
      },
    );
  });
}

async function put(registry: Registry, given: Partial<SocketRecord>): Promise<SocketRecord> {
  const record = aRecord(given);
  await registry.put(record);
  return record;
}

function sorted(sockets: readonly SocketId[]): SocketId[] {
  return [...sockets].sort();
}

async function paged(registry: Registry, filter: SocketFilter, enough?: number): Promise<SocketId[]> {
  const found: SocketId[] = [];
  for await (const { records } of registry.pages(filter, undefined, enough))
    found.push(...records.map(({ socket }) => socket));
  return sorted(found);
}

async function listed(registry: Registry, filter: SocketFilter, limit: number): Promise<SocketId[]> {
  return sorted(await inOrder(registry, filter, limit));
}

/** Follows the cursor to the end. */
async function inOrder(
  registry: Registry,
  filter: SocketFilter,
  limit: number,
  from?: string,
): Promise<SocketId[]> {
  const found: SocketId[] = [];
  let cursor = from;
  for (let pages = 0; pages < 100; pages++) {
    const page = await registry.list(filter, limit, cursor);
    if (page === undefined) throw new Error(`The cursor ${cursor} is not known.`);
    expect(page.sockets.length).toBeLessThanOrEqual(limit);
    found.push(...page.sockets.map(({ socket }) => socket));
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
  throw new Error('The list has no end.');
}
