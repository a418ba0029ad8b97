import { expect, test, vi } from 'vitest';
import { parseSocketId, type SocketId } from '../../../functions/wire/socket-id.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { BroadcastPlay, type Scenario } from '../../fakes/broadcast-play.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';

vi.setConfig({ testTimeout: 240_000 });

/** Sockets in the order of the index. */
const [first, between, last] = ['A', 'B', 'C'].map((name) => socketOf(name)) as [
  SocketId,
  SocketId,
  SocketId,
];

function socketOf(name: string): SocketId {
  return parseSocketId(`${name}0SM9cOFvHcCIhw=`) ?? newSocket();
}

async function everyOrder(scenario: Scenario, begin: (play: BroadcastPlay) => Promise<void>) {
  return everySchedule(async () => {
    const play = new BroadcastPlay(scenario);
    await begin(play);
    await play.ready();
    return play;
  });
}

const asker = 'somebody who asks how far it is';
const loser = 'a lease that ends';

/** Who else does something meanwhile. */
const others: Readonly<Record<string, (play: BroadcastPlay) => void>> = {
  nobody: () => {},
  'somebody who cancels it': (play) => play.cancel(),
  [asker]: (play) => play.ask(),
  [loser]: (play) => play.letTimePass(),
};

/** How a play begins. */
interface Beginning extends Omit<Scenario, 'mishaps'> {
  readonly name: string;
  /** The others that it is played with, without and with a mishap. More of them would be too many orders for a test. */
  readonly many?: readonly string[];
  readonly few?: readonly string[];
  /** Whether the batches are queued before it begins. */
  readonly isCut?: true;
  readonly comes?: true;
}

const [three, two] = [
  [first, between, last],
  [first, last],
] as const;
const plays: readonly Beginning[] = [
  {
    name: 'two coordinators of one segment',
    ...{ sockets: three, copies: { segment: 2 } },
    few: ['nobody'],
  },
  {
    name: 'two coordinators whose time is soon over',
    ...{ sockets: two, batchSockets: 1, isShort: true, copies: { segment: 2 } },
    few: ['nobody'],
  },
  {
    name: 'two coordinators, and a socket that comes',
    ...{ sockets: two, copies: { segment: 2 }, comes: true, many: ['nobody', loser], few: [] },
  },
  {
    name: 'a coordinator that another takes over from, and a socket that comes',
    ...{ sockets: two, copies: { segment: 1 }, comes: true, many: [], few: ['nobody'] },
  },
  {
    name: 'two coordinators that queue each batch for itself',
    ...{ sockets: two, batchSockets: 1, batchesPerCall: 1, copies: { segment: 2 }, many: [loser], few: [] },
  },
  { name: 'two workers of one batch', sockets: two, copies: { batch: 2 }, isCut: true },
  {
    name: 'a worker that leaves a part of its batch to others',
    ...{ sockets: two, copies: { batch: 1, rest: 1 }, throttled: 3, isCut: true, few: ['nobody'] },
  },
  {
    name: 'two workers that leave a part of their batch to others',
    ...{
      sockets: two,
      copies: { batch: 2, rest: 2 },
      throttled: 1,
      isCut: true,
      few: [],
      many: ['nobody'],
    },
  },
  {
    name: 'a coordinator and its workers',
    ...{ sockets: two, batchSockets: 1, copies: { segment: 1, batch: 1 }, few: [] },
  },
];

const everybody = Object.keys(others);
const cases = plays.flatMap(
  ({ many = everybody, few = everybody.filter((each) => each !== asker), ...play }) => [
    ...many.map((beside) => ({ ...play, mishaps: 0, beside })),
    // The progress is looked at in every state anyway.
    ...few.map((beside) => ({ ...play, mishaps: 1, beside })),
  ],
);

const titled = cases.map(
  (each) => [`${each.name}, with ${each.mishaps} mishaps, beside ${each.beside}`, each] as const,
);

test.for(titled)('in every order of the calls of %s', async ([, { beside, isCut, comes, ...given }]) => {
  const seen = await everyOrder(given, async (play) => {
    await play.handOver();
    if (isCut) await play.coordinate();
    others[beside]?.(play);
    if (comes) play.begin('socket', (registry) => play.comes(between, registry));
  });
  expect(seen.schedules).toBeGreaterThan(10);
});
