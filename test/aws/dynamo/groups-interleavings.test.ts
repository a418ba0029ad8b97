import { describe, expect, test, vi } from 'vitest';
import { memberOf } from '../../../functions/aws/dynamo/member.ts';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { Acceptance, SocketRecord } from '../../../functions/gateway/record.ts';
import { parseSocketId, type SocketId } from '../../../functions/wire/socket-id.ts';
import { acceptance, end } from '../../contract/ports/registry-world.ts';
import { aGroup, aRecord, newSocket } from '../../fakes/a-record.ts';
import { DynamoPlay } from '../../fakes/dynamo-play.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';

vi.setConfig({ testTimeout: 240_000 });

const socket = parseSocketId('L0SM9cOFvHcCIhw=') ?? newSocket();
const room = aGroup('room');
const hall = aGroup('hall');

const join = (registry: Registry) => registry.changeGroups(socket, { join: [room], leave: [] });
const leave = (registry: Registry) => registry.changeGroups(socket, { join: [], leave: [room] });
const accept = (given: Acceptance) => (registry: Registry) => registry.accept(socket, given, 'open');
const close = async (registry: Registry): Promise<string> => {
  if ((await registry.markEnded(socket, end)) === undefined) return 'not ended';
  await registry.remove(socket);
  return 'removed';
};
const broadcast = async (registry: Registry): Promise<SocketId[]> => {
  const reached: SocketId[] = [];
  for await (const { records } of registry.pages({ group: room })) {
    reached.push(...records.map((record) => record.socket));
  }
  return reached;
};

/** The rows of the socket, as they are. */
function rowsIn({ dynamo }: DynamoPlay): string[] {
  const rows = dynamo.items('groups').map((row) => `${row['group']?.S} ${row['member']?.S}`);
  return rows.filter((row) => row.endsWith(`\t${socket}`)).sort();
}

/** The rows that its record needs: for each group one under its user, and one where broadcasts look, if that is another. */
function rowsNeeded({ dynamo }: DynamoPlay): string[] {
  const item = dynamo.items('name').find((one) => one['socket']?.S === socket);
  const user = item?.['user']?.S ?? '';
  const users = new Set([user, item?.['groupsUser']?.S ?? user]);
  const groups = item?.['groups']?.L ?? [];
  return groups.flatMap(({ S }) => [...users].map((one) => `${S} ${memberOf({ user: one, socket })}`)).sort();
}

/** The record, the broadcast and the lists agree, and nobody failed. */
async function expectAgreement(play: DynamoPlay): Promise<void> {
  const faults = [...play.outcomes.values()].filter((outcome) => String(outcome).startsWith('fault'));
  expect(faults, 'faults').toEqual([]);
  expect(play.log.lines, 'log').toEqual([]);
  const { registry } = play;
  const record = await registry.get(socket);
  if ([...play.outcomes.values()].includes('removed')) expect(record, 'record').toBeUndefined();
  const living = record === undefined || record.status === 'closing' ? undefined : record;
  if (play.isUnharmed) {
    expect(rowsIn(play), 'rows, if there was no mishap').toEqual(rowsNeeded(play));
  }
  for (const group of [room, hall]) {
    const members = living?.groups.includes(group) === true ? [socket] : [];
    const reached: SocketId[] = [];
    for await (const { records } of registry.pages({ group })) {
      reached.push(...records.map((each) => each.socket).filter((each) => each === socket));
    }
    expect(reached, `a broadcast to ${group} reaches`).toEqual(members);
    const page = await registry.list({ group }, 5);
    expect(
      page?.sockets.map((each) => each.socket),
      `the list of ${group}`,
    ).toEqual(members);
    const users =
      living === undefined || living.user === ''
        ? []
        : members.map(() => ({ user: living.user, sockets: 1 }));
    expect((await registry.listUsers(group, 5))?.users, `the users of ${group}`).toEqual(users);
  }
}

/** Lets actors work in every order, with so many mishaps. Every order must end in agreement. */
function everyOrder(
  mishaps: number,
  begin: (play: DynamoPlay) => Promise<void>,
  { check = expectAgreement, pageSize }: { check?: typeof expectAgreement; pageSize?: number } = {},
) {
  return everySchedule(async () => {
    const play = new DynamoPlay(mishaps, check, pageSize);
    await begin(play);
    await play.ready();
    return play;
  });
}

/** How a play begins: with the socket in the group or not, and with an actor that closes it or without. */
const beginnings = [
  { isIn: false, closes: false },
  { isIn: true, closes: false },
  { isIn: false, closes: true },
  { isIn: true, closes: true },
];

/** An open socket. */
async function stand({ registry }: DynamoPlay, isIn: boolean): Promise<void> {
  await registry.put(aRecord({ socket }));
  await registry.accept(socket, acceptance, 'open');
  if (isIn) await join(registry);
}

// With a mishap, the beginning that has everything at once has too many orders for a test.
describe.for([0, 1])('every order of the calls to DynamoDB, with %i lost answers or deaths', (mishaps) => {
  test.for(beginnings.filter(({ isIn, closes }) => mishaps === 0 || !isIn || !closes))(
    'of two joins and a leave (%o)',
    async ({ isIn, closes }) => {
      const found = await everyOrder(mishaps, async (play) => {
        await stand(play, isIn);
        play.begin('join', join);
        play.begin('join again', join);
        play.begin('leave', leave);
        if (closes) play.begin('close', close);
      });
      expect(found.schedules).toBeGreaterThan(closes ? 20_000 : 100);
    },
  );

  test('of two late changes at one version, and a leave or an end', async () => {
    const late = (group: typeof room, known?: SocketRecord) => (registry: Registry) =>
      registry.changeGroups(socket, { join: [group], leave: [room] }, known, known?.groupsVersion);
    const check = async (play: DynamoPlay): Promise<void> => {
      await expectAgreement(play);
      const done = ['one', 'other'].filter((name) => play.outcomes.get(name) === 'done');
      expect(done.length, 'late changes that were made').toBeLessThanOrEqual(1);
      const { groups = [] } = (await play.registry.get(socket)) ?? {};
      expect(groups.filter((group) => group !== room).length).toBeLessThanOrEqual(1);
    };
    for (const rival of mishaps === 0 ? [leave, close] : [leave]) {
      const begin = async (play: DynamoPlay): Promise<void> => {
        await stand(play, true);
        const known = await play.registry.get(socket);
        play.begin('one', late(hall, known));
        play.begin('other', late(aGroup('yard'), known));
        play.begin('rival', rival);
      };
      expect((await everyOrder(mishaps, begin, { check })).schedules).toBeGreaterThan(50);
    }
  });

  test.for([false, true])('of a join and a handshake that names another user, closed: %s', async (closes) => {
    const found = await everyOrder(mishaps, async (play) => {
      await play.registry.put(aRecord({ socket, user: 'ticket' }));
      play.begin('join', join);
      play.begin('accept', accept(acceptance));
      if (closes) play.begin('close', close);
    });
    expect(found.schedules).toBeGreaterThan(3);
  });

  test.for(['alice', 'ticket'])('of a join and a handshake of %s that joins another group', async (user) => {
    const found = await everyOrder(mishaps, async (play) => {
      await play.registry.put(aRecord({ socket, user: 'ticket' }));
      play.begin('join', join);
      play.begin('accept', accept({ ...acceptance, user, groups: { join: [hall], leave: [] } }));
    });
    expect(found.schedules).toBeGreaterThan(5);
  });

  test.for(beginnings.filter(({ isIn, closes }) => mishaps === 0 || !isIn || !closes))(
    'of a join, a leave and a broadcast, which deletes rows (%o)',
    async ({ isIn, closes }) => {
      // With everything at once, there are too many orders for a test.
      const isTooMuch = mishaps > 0 && isIn && closes;
      const found = await everyOrder(isTooMuch ? 0 : mishaps, async (play) => {
        await stand(play, isIn);
        play.begin('broadcast', broadcast);
        play.begin('join', join);
        play.begin('leave', leave);
        if (closes) play.begin('close', close);
      });
      expect(found.schedules).toBeGreaterThan(30);
    },
  );
});

describe('a broadcast while a handshake gives a socket in the group another user', () => {
  // Two users on either side of the ticket's in the order of the rows.
  const rowOf = (user: string) => memberOf({ user, socket });
  const users = ['alice', 'bob', 'carol', 'dora', ''];

  test.for([0, 1])('reaches it once in every order, with %i lost answers or deaths', async (mishaps) => {
    expect(
      users.some((user) => rowOf(user) < rowOf('ticket')),
      'a row before',
    ).toBe(true);
    expect(
      users.some((user) => rowOf(user) > rowOf('ticket')),
      'a row behind',
    ).toBe(true);
    for (const user of users) {
      const check = async (play: DynamoPlay): Promise<void> => {
        const reached = play.outcomes.get('broadcast');
        if (reached !== undefined) expect(reached, `renamed to ${user}`).toEqual([socket]);
        await expectAgreement(play);
      };
      const begin = async (play: DynamoPlay): Promise<void> => {
        await play.registry.put(aRecord({ socket, user: 'ticket' }));
        await join(play.registry);
        play.begin('broadcast', broadcast);
        play.begin('accept', accept({ ...acceptance, user }));
      };
      const found = await everyOrder(mishaps, begin, { check, pageSize: 1 });
      expect(found.schedules).toBeGreaterThan(5);
    }
  });
});
