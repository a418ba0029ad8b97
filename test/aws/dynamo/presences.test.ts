import { afterAll, describe, expect, test, vi } from 'vitest';
import { DynamoPresences } from '../../../functions/aws/dynamo/presences.ts';
import type { PresenceKey, PresenceLease, Presences, Telling } from '../../../functions/gateway/presences.ts';
import { presencesContract } from '../../contract/ports/presences.ts';
import { aPath, newSocket } from '../../fakes/a-record.ts';
import { groupName } from '../../fakes/group-names.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { broadcastsNameOf, Dynamo, presencesAt, QuickClock } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const client = dynamo.client();
const fronts: DynamoFront[] = [];
afterAll(async () => {
  for (const front of fronts) await front.close();
  await dynamo.stop();
});

presencesContract('presences in DynamoDB', async (clock) =>
  presencesAt(
    { name: await dynamo.table(client), endpoint: dynamo.endpoint },
    new QuickClock(() => clock.now()),
  ),
);

presencesContract('presences on the double of DynamoDB', async (clock) => {
  const double = new MemoryDynamo();
  return new DynamoPresences(() => double, memoryTables, clock);
});

const key: PresenceKey = { group: groupName('lobby'), subject: 'u:alice' };
const leaseMs = 60_000;
const telling = (event: 'joined' | 'left', time: number): Telling => ({
  ...{ event, socket: newSocket(), path: aPath('/'), time, rounds: 0 },
});

function tokenOf(lease: PresenceLease): string {
  if (lease.kind !== 'leased') throw new Error(`The subject is ${lease.kind}.`);
  return lease.token;
}

/** Presences whose first answer to each write is lost, after the write was done or not. */
async function harried(manner: Manner) {
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  const clock = new QuickClock();
  return { presences: presencesAt({ name, endpoint: front.endpoint }, clock), name, clock };
}

describe.for([
  { first: 'hang up', carriesOut: true },
  { first: 'a fault', carriesOut: true },
  { first: 'throttling' },
] as const)('a write whose first answer is lost (%o)', (manner) => {
  test('is known again: the lease, what is told, the departure and the release', async () => {
    const { presences, name } = await harried(manner);
    const token = tokenOf(await presences.lease(key, leaseMs));
    expect((await presences.lease(key, leaseMs)).kind, 'a second lease').toBe('busy');
    const joined = telling('joined', 1_000);
    expect(await presences.set(key, token, { sequence: 1_000, telling: joined }), 'telling').toBe(true);
    expect(await presences.set(key, token, { sequence: 1_000, told: joined }), 'told').toBe(true);
    const departure = { socket: newSocket(), path: aPath('/'), at: 2_000 };
    await presences.depart(key, departure);
    expect(await presences.departure(key)).toEqual(departure);
    await presences.release(key, token, 30_000);
    expect(await presences.lease(key, leaseMs), 'after the release').toMatchObject({
      kind: 'postponed',
      token,
    });
    expect(await itemsOf(client, broadcastsNameOf(name))).toHaveLength(1);
  });

  test('asks the holder once, and its request is taken', async () => {
    const { presences } = await harried(manner);
    const token = tokenOf(await presences.lease(key, leaseMs));
    const request = await presences.requestRecheck(key, 7);
    expect(request).toMatchObject({ kind: 'requested', isFirst: true });
    expect(await presences.releaseOrRecheck(key, token)).toMatchObject({ waited: 7 });
    expect(await presences.releaseOrRecheck(key, token)).toBeUndefined();
    expect((await presences.lease(key, leaseMs)).kind, 'released').toBe('leased');
  });

  test('frees a lease that is released', async () => {
    const { presences } = await harried(manner);
    await presences.release(key, tokenOf(await presences.lease(key, leaseMs)));
    expect((await presences.lease(key, leaseMs)).kind).toBe('leased');
  });
});

/** Presences on a double, with each operation that they ask for. */
function counted() {
  const double = new MemoryDynamo();
  const operations: string[] = [];
  const run = (operation: string, input: object) => {
    operations.push(operation);
    return double.run(operation, input);
  };
  let now = Date.now();
  const clock = new QuickClock(() => now);
  const pass = (ms: number): void => {
    now += ms;
  };
  const presences = new DynamoPresences(() => ({ run }), memoryTables, clock);
  return { presences, double, operations, clock, pass };
}

const steps: Readonly<Record<string, (presences: Presences) => Promise<unknown>>> = {
  'a lease': (presences) => presences.lease(key, leaseMs),
  'a request': (presences) => presences.requestRecheck(key, 1),
  'a departure': (presences) => presences.depart(key, { socket: newSocket(), path: aPath('/'), at: 1 }),
};

describe('each change', () => {
  test.for(Object.keys(steps))('is one write, refused or not: %s', async (name) => {
    const { presences, operations } = counted();
    await presences.lease(key, leaseMs);
    await presences.depart(key, { socket: newSocket(), path: aPath('/'), at: 2 });
    operations.length = 0;
    await steps[name]?.(presences);
    expect(operations).toEqual(['UpdateItem']);
  });

  test('keeps the item for two weeks more', async () => {
    const { presences, double, clock, pass } = counted();
    const expected = (what: string): void => {
      const [item] = double.items('broadcasts');
      expect(Number(item?.['expires']?.N), what).toBe(Math.ceil(clock.now() / 1_000) + 14 * 86_400);
    };
    await presences.depart(key, { socket: newSocket(), path: aPath('/'), at: 1 });
    expected('a departure');
    pass(13 * 86_400_000);
    const token = tokenOf(await presences.lease(key, leaseMs));
    expected('a lease');
    pass(1_000);
    await presences.set(key, token, { sequence: 1, telling: telling('joined', 1) });
    expected('a hook');
  });
});

test('an item that is gone when its refusal is read means that its task looks again at once', async () => {
  const double = new MemoryDynamo();
  const presences = new DynamoPresences(
    () => ({
      run: async (operation, input) => {
        // Time to live deletes the item just then. Emulators do not send it with the refusal.
        if (operation === 'GetItem') return {};
        return double.run(operation, { ...input, ReturnValuesOnConditionCheckFailure: 'NONE' });
      },
    }),
    memoryTables,
    new QuickClock(),
  );
  expect((await presences.lease(key, leaseMs)).kind).toBe('leased');
  expect(await presences.lease(key, leaseMs)).toEqual({ kind: 'busy', forMs: 0 });
});
