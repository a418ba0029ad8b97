import { describe, expect, test, vi } from 'vitest';
import { openingItem } from '../../../functions/aws/dynamo/item.ts';
import { memberOf } from '../../../functions/aws/dynamo/member.ts';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { Acceptance } from '../../../functions/gateway/record.ts';
import { parseSocketId, type SocketId } from '../../../functions/wire/socket-id.ts';
import { acceptance } from '../../contract/ports/registry-world.ts';
import { aGroup, aRecord, newSocket } from '../../fakes/a-record.ts';
import { DynamoPlay } from '../../fakes/dynamo-play.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { memoryTables } from '../../fakes/memory-dynamo.ts';

vi.setConfig({ testTimeout: 240_000 });

const room = aGroup('room');
const socket = parseSocketId('L0SM9cOFvHcCIhw=') ?? newSocket();
/** Another member, whose row is between those of the socket under its two users. */
const other = parseSocketId('OtherOFvHcCIhw=') ?? newSocket();
const between = 'between';

const joining = { join: [room], leave: [] };
const join = (registry: Registry) => registry.changeGroups(socket, joining);

/** A broadcast to the group whose first run ends after one socket. Another run goes on where it stopped. */
async function resumed(registry: Registry): Promise<SocketId[]> {
  const first = registry.segment({ group: room }, 0, { limit: 1 })[Symbol.asyncIterator]();
  const { done, value } = await first.next();
  if (done === true) return [];
  const reached = value.recipients.map(({ socket }) => socket);
  for await (const page of registry.segment({ group: room }, 0, { from: value.end, limit: 100 }))
    reached.push(...page.recipients.map(({ socket }) => socket));
  return reached;
}

/** The users that an app may name instead of the ticket's: before and behind the other member, and none. */
function usersAround(): { readonly before: string; readonly behind: string } {
  const place = (user: string) => memberOf({ user, socket });
  const names = ['alice', 'bob', 'carol', 'dora', 'eve', 'frank'];
  const before = names.find((user) => place(user) < place(between));
  const behind = names.find((user) => place(user) > place(between));
  if (before === undefined || behind === undefined) throw new Error('All users are on one side.');
  return { before, behind };
}
const { before, behind } = usersAround();

async function stand({ registry, dynamo }: DynamoPlay, ticket: string): Promise<void> {
  const Item = {
    ...openingItem(aRecord({ socket: other, user: between })),
    ...{
      status: { S: 'open' },
      acceptedAt: { N: '1' },
      groups: { L: [{ S: room }] },
      groupsVersion: { N: '1' },
    },
  };
  await dynamo.run('PutItem', { TableName: memoryTables.name, Item });
  const row = { group: { S: room }, member: { S: memberOf({ user: between, socket: other }) } };
  await dynamo.run('PutItem', { TableName: memoryTables.groups, Item: { ...row, version: { N: '1' } } });
  await registry.put(aRecord({ socket, user: ticket }));
}

/** Plays every order and gives how often the socket was reached. The other member is always reached once. */
async function timesReached(mishaps: number, begin: (play: DynamoPlay) => Promise<void>) {
  const times = new Set<number>();
  const check = async ({ outcomes }: DynamoPlay): Promise<void> => {
    const faults = [...outcomes.values()].filter((outcome) => String(outcome).startsWith('fault'));
    expect(faults, 'faults').toEqual([]);
    const reached = outcomes.get('broadcast');
    if (!Array.isArray(reached)) return;
    const count = (which: SocketId): number => reached.filter((one) => one === which).length;
    expect(count(other), 'how often the other member is reached').toBe(1);
    expect(count(socket), 'how often the socket is reached').toBeLessThanOrEqual(1);
    times.add(count(socket));
  };
  const found = await everySchedule(async () => {
    const play = new DynamoPlay(mishaps, check);
    await begin(play);
    await play.ready();
    return play;
  });
  expect(found.schedules).toBeGreaterThan(20);
  return times;
}

const renamings = [
  { ticket: before, named: behind },
  { ticket: behind, named: before },
  { ticket: '', named: before },
  { ticket: '', named: behind },
  { ticket: before, named: '' },
  { ticket: behind, named: '' },
];
const accept = (user: string, given: Partial<Acceptance> = {}) => {
  const accepted = { ...acceptance, user, ...given };
  return (registry: Registry) => registry.accept(socket, accepted, 'open');
};

test.for(renamings.flatMap((names) => [0, 1].map((mishaps) => ({ ...names, mishaps }))))(
  'a member that its handshake renames is reached once by a broadcast that stops and goes on (%o)',
  async (given) => {
    const { ticket, named, mishaps } = given;
    for (const ago of [0, 61_000]) {
      const acceptedAt = acceptance.acceptedAt - ago;
      const times = await timesReached(mishaps, async (play) => {
        await stand(play, ticket);
        await join(play.registry);
        play.begin('broadcast', resumed);
        play.begin('accept', accept(named, { acceptedAt }));
      });
      expect(times, `accepted ${ago} ms ago`).toEqual(new Set([1]));
    }
  },
);

// Behind a place that a broadcast has passed, a socket might come a second time.
describe('a broadcast that stops and goes on reaches a socket once at most', () => {
  test('that leaves and joins again, behind, in its handshake', async () => {
    const times = await timesReached(0, async (play) => {
      await stand(play, before);
      await join(play.registry);
      play.begin('broadcast', resumed);
      play.begin('leave and accept', async (registry) => {
        await registry.changeGroups(socket, { join: [], leave: [room] });
        await accept(behind, { groups: joining })(registry);
      });
    });
    expect(times).toEqual(new Set([0, 1]));
  });

  test('that joins while its handshake renames it', async () => {
    const times = await timesReached(0, async (play) => {
      await stand(play, before);
      play.begin('broadcast', resumed);
      play.begin('join', join);
      play.begin('accept', accept(behind));
    });
    expect(times).toEqual(new Set([0, 1]));
  });
});
