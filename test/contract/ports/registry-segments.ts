import { describe, expect, test } from 'vitest';
import type { Registry, Stretch } from '../../../functions/gateway/ports.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup, aPath } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { bring, end, type MakeRegistry } from './registry-world.ts';

const [room, group] = [aPath('/room'), aGroup('room')];
const filters: SocketFilter[] = [{}, { path: room }, { user: 'alice' }, { group }, { group, user: 'alice' }];

/** A registry with so many sockets that every filter selects, and some others. */
async function filled(make: MakeRegistry, count: number) {
  const registry = await make(new ManualClock());
  const sockets: SocketId[] = [];
  for (let at = 0; at < count; at++) sockets.push(await arrive(registry));
  await bring(registry, 'closing', { path: room, user: 'alice' });
  return { registry, sockets: sockets.sort() };
}

async function arrive(registry: Registry): Promise<SocketId> {
  const socket = await bring(registry, 'open', { path: room, user: 'alice' });
  await registry.changeGroups(socket, { join: [group], leave: [] });
  return socket;
}

/** The sockets of a stretch and the ends of its pages. */
async function read(registry: Registry, filter: SocketFilter, at: number, stretch: Stretch) {
  const sockets: SocketId[] = [];
  const pages: { readonly end: string; readonly upTo: number }[] = [];
  for await (const { recipients, end: position } of registry.segment(filter, at, stretch)) {
    expect(recipients.length, 'sockets of a page').toBeLessThanOrEqual(stretch.limit);
    sockets.push(...recipients.map(({ socket }) => socket));
    pages.push({ end: position, upTo: sockets.length });
  }
  expect(new Set(sockets).size, 'each socket once').toBe(sockets.length);
  return { sockets, pages };
}

/** Broadcasts that are read segment by segment. */
export function segmentsContract(name: string, make: MakeRegistry): void {
  describe(`${name}: segments`, () => {
    test('each socket of an audience is in exactly one segment', async () => {
      const { registry, sockets } = await filled(make, 60);
      for (const filter of filters) {
        for (const limit of [1, 7, 1_000]) {
          const found: SocketId[] = [];
          for (let at = 0; at < registry.segmentsOf(filter); at++)
            found.push(...(await read(registry, filter, at, { limit })).sockets);
          expect(found.sort(), JSON.stringify(filter)).toEqual(sockets);
        }
      }
      expect((await read(registry, { path: aPath('/hall') }, 0, { limit: 5 })).pages).toEqual([]);
    });

    test('a segment goes on behind every page, and a stretch of it has just its sockets', async () => {
      const { registry } = await filled(make, 60);
      for (const filter of filters) {
        for (let at = 0; at < registry.segmentsOf(filter); at++) {
          const { sockets, pages } = await read(registry, filter, at, { limit: 3 });
          for (const [nth, { end: from, upTo }] of pages.entries()) {
            const why = `${JSON.stringify(filter)} ${at} behind page ${nth}`;
            const rest = await read(registry, filter, at, { from, limit: 2 });
            expect(rest.sockets, why).toEqual(sockets.slice(upTo));
            const to = pages[Math.min(nth + 2, pages.length - 1)];
            const stretch = await read(registry, filter, at, { from, to: to?.end, limit: 2 });
            expect(stretch.sockets, why).toEqual(sockets.slice(upTo, to?.upTo));
          }
        }
      }
    });

    test('a stretch is the same though the sockets around its ends have gone', async () => {
      for (const filter of filters) {
        const { registry } = await filled(make, 60);
        for (let at = 0; at < registry.segmentsOf(filter); at++) {
          const { sockets, pages } = await read(registry, filter, at, { limit: 3 });
          const [first, second] = pages;
          if (first === undefined || second === undefined) continue;
          const [, before, from, between, , to, behind] = sockets;
          for (const socket of [before, from, between, to, behind]) {
            if (socket === undefined) continue;
            await registry.markEnded(socket, end);
            if (socket !== between) await registry.remove(socket);
          }
          const kept = sockets.slice(first.upTo, second.upTo).filter((one) => one !== between && one !== to);
          const stretch = { from: first.end, to: second.end, limit: 10 };
          const why = `${JSON.stringify(filter)} ${at}`;
          expect((await read(registry, filter, at, stretch)).sockets, why).toEqual(kept);
        }
      }
    });

    test('a socket that comes meanwhile is in one of two stretches that meet, not in both', async () => {
      for (const filter of filters) {
        const { registry, sockets } = await filled(make, 30);
        const found: SocketId[] = [];
        const come: SocketId[] = [];
        for (let at = 0; at < registry.segmentsOf(filter); at++) {
          const { sockets: known, pages } = await read(registry, filter, at, { limit: 4 });
          const last = known[3];
          if (last !== undefined) await registry.remove(last);
          for (let each = 0; each < 5; each++) come.push(await arrive(registry));
          const middle = pages[0]?.end;
          if (middle !== undefined)
            found.push(...(await read(registry, filter, at, { to: middle, limit: 100 })).sockets);
          found.push(...(await read(registry, filter, at, { from: middle, limit: 100 })).sockets);
        }
        expect(new Set(found).size, JSON.stringify(filter)).toBe(found.length);
        const gone = sockets.filter((socket) => !found.includes(socket));
        for (const socket of gone) expect(await registry.get(socket), 'nobody is left out').toBeUndefined();
        const known = new Set([...sockets, ...come]);
        expect(found.filter((socket) => !known.has(socket))).toEqual([]);
      }
    });

    test('a text that is no end of a page is refused', async () => {
      const { registry } = await filled(make, 1);
      if (registry.segmentsOf({}) === 1) return;
      for (const filter of [{}, { path: room }, { group }])
        await expect(read(registry, filter, 0, { from: '\u0000', limit: 1 })).rejects.toThrow('This is not');
    });
  });
}
