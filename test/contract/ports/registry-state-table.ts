import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end, type Standing } from './registry-world.ts';

type Call = (registry: Registry, socket: SocketId) => Promise<unknown>;

/** `true` for a record, so that a table can name what comes back. */
const calls: Readonly<Record<string, Call>> = {
  'accept to open': (registry, socket) => registry.accept(socket, acceptance, 'open'),
  'accept to accepted': (registry, socket) => registry.accept(socket, acceptance, 'accepted'),
  setState: (registry, socket) => registry.setState(socket, 'kept'),
  'setState if it is another': (registry, socket) => registry.setState(socket, 'kept', 'another'),
  countFailed: (registry, socket) => registry.countFailed(socket, 1),
  markEnded: async (registry, socket) => (await registry.markEnded(socket, end)) !== undefined,
  'lease accepted': async (registry, socket) => (await registry.lease(socket, 'accepted', 1)) !== undefined,
  'lease closing': async (registry, socket) => (await registry.lease(socket, 'closing', 1)) !== undefined,
  'join a group': async (registry, socket) =>
    registry.changeGroups(socket, { join: [aGroup('room')], leave: [] }),
  'leave a group': async (registry, socket) =>
    registry.changeGroups(socket, { join: [], leave: [aGroup('room')] }),
  append: (registry, socket) => registry.append(socket, 'more'),
  'flushed 2': (registry, socket) => registry.flushed(socket, 2),
  'flushed 1': (registry, socket) => registry.flushed(socket, 1),
};

/** Outcome and status afterwards of every call in every standing; a bare outcome leaves the status as it was. */
const table: Readonly<
  Record<Standing, Readonly<Record<string, readonly [outcome: unknown, then?: string]>>>
> = {
  unknown: {
    'accept to open': ['gone'],
    'accept to accepted': ['gone'],
    setState: ['gone'],
    'setState if it is another': ['gone'],
    countFailed: ['gone'],
    markEnded: [false],
    'lease accepted': [false],
    'lease closing': [false],
    'join a group': ['gone'],
    'leave a group': ['gone'],
    append: ['gone'],
    'flushed 2': ['gone'],
    'flushed 1': ['gone'],
  },
  opening: {
    'accept to open': ['done', 'open'],
    'accept to accepted': ['done', 'accepted'],
    setState: ['done'],
    'setState if it is another': ['outdated'],
    countFailed: ['counted'],
    markEnded: [true, 'closing'],
    'lease accepted': [false],
    'lease closing': [false],
    'join a group': ['done'],
    'leave a group': ['done'],
    append: ['queued'],
    'flushed 2': ['gone'],
    'flushed 1': ['gone'],
  },
  'opening, messages wait': {
    'accept to open': ['waiting'],
    'accept to accepted': ['done', 'accepted'],
    setState: ['done'],
    'setState if it is another': ['outdated'],
    countFailed: ['counted'],
    markEnded: [true, 'closing'],
    'lease accepted': [false],
    'lease closing': [false],
    'join a group': ['done'],
    'leave a group': ['done'],
    append: ['queued'],
    'flushed 2': ['gone'],
    'flushed 1': ['gone'],
  },
  accepted: {
    'accept to open': ['gone'],
    'accept to accepted': ['gone'],
    setState: ['done'],
    'setState if it is another': ['outdated'],
    countFailed: ['counted'],
    markEnded: [true, 'closing'],
    'lease accepted': [true],
    'lease closing': [false],
    'join a group': ['done'],
    'leave a group': ['done'],
    append: ['queued'],
    'flushed 2': ['open', 'open'],
    'flushed 1': ['more'],
  },
  open: {
    'accept to open': ['gone'],
    'accept to accepted': ['gone'],
    setState: ['done'],
    'setState if it is another': ['outdated'],
    countFailed: ['counted'],
    markEnded: [true, 'closing'],
    'lease accepted': [false],
    'lease closing': [false],
    'join a group': ['done'],
    'leave a group': ['done'],
    append: ['open'],
    'flushed 2': ['gone'],
    'flushed 1': ['gone'],
  },
  closing: {
    'accept to open': ['gone'],
    'accept to accepted': ['gone'],
    setState: ['gone'],
    'setState if it is another': ['gone'],
    countFailed: ['gone'],
    markEnded: [false],
    'lease accepted': [false],
    'lease closing': [true],
    'join a group': ['gone'],
    'leave a group': ['gone'],
    append: ['gone'],
    'flushed 2': ['gone'],
    'flushed 1': ['gone'],
  },
};

const standings: Standing[] = ['unknown', 'opening', 'opening, messages wait', 'accepted', 'open', 'closing'];
const rows = standings.flatMap((standing) =>
  Object.entries(calls).map(([name, call]) => ({ standing, name, call, expected: table[standing][name] })),
);

/** Every call from every standing. */
export function stateTableContract(name: string, make: MakeRegistry): void {
  describe(`${name}: every call in every standing`, () => {
    test.for(rows)('$standing: $name', async ({ standing, call, expected }) => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, standing);
      const before = { record: await registry.get(socket), waiting: await registry.waiting(socket) };
      const outcome = await call(registry, socket);
      expect([outcome]).toEqual(expected?.slice(0, 1));
      const after = { record: await registry.get(socket), waiting: await registry.waiting(socket) };
      expect(after.record?.status).toBe(expected?.[1] ?? before.record?.status);
      if (outcome === false || outcome === 'gone' || outcome === 'waiting') expect(after).toEqual(before);
    });
  });
}
