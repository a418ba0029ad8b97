import { afterAll, describe, expect, test, vi } from 'vitest';
import { DynamoIdempotency } from '../../../functions/aws/dynamo/idempotency.ts';
import { idempotencyContract } from '../../contract/ports/idempotency.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { broadcastsNameOf, Dynamo, idempotencyAt, QuickClock } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const client = dynamo.client();
const fronts: DynamoFront[] = [];
afterAll(async () => {
  for (const front of fronts) await front.close();
  await dynamo.stop();
});

idempotencyContract('idempotency in DynamoDB', async (clock) =>
  idempotencyAt(
    { name: await dynamo.table(client), endpoint: dynamo.endpoint },
    new QuickClock(() => clock.now()),
  ),
);

idempotencyContract('idempotency on the double of DynamoDB', async (clock) => {
  const double = new MemoryDynamo();
  return new DynamoIdempotency(() => double, memoryTables, clock);
});

/** Calls whose first answer to each write is lost, after the write was done or not. */
async function harried(manner: Manner) {
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  let now = Date.now();
  const clock = new QuickClock(() => now);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { calls: idempotencyAt({ name, endpoint: front.endpoint }, clock), name, pass };
}

describe.for([
  { first: 'hang up', carriesOut: true },
  { first: 'a fault', carriesOut: true },
  { first: 'throttling' },
] as const)('a write whose first answer is lost (%o)', (manner) => {
  test('is known again, and done once', async () => {
    const { calls, name, pass } = await harried(manner);
    const first = await calls.claim('call', 'content', 60_000);
    if (first.kind !== 'claimed') throw new Error(`The call is ${first.kind}.`);
    expect(first.isResumed, 'a claim').toBe(false);
    expect((await calls.claim('call', 'content', 60_000)).kind, 'a second claim').toBe('running');
    const outcomes = new Map([[newSocket(), 'delivered' as const]]);
    await calls.progress(first.claim, outcomes);
    pass(60_000);
    const taken = await calls.claim('call', 'content', 60_000);
    if (taken.kind !== 'claimed') throw new Error(`The call is ${taken.kind}.`);
    expect(taken, 'a claim that is taken over').toMatchObject({ isResumed: true, outcomes });
    await calls.suspend(taken.claim, outcomes);
    const last = await calls.claim('call', 'content', 60_000);
    if (last.kind !== 'claimed') throw new Error(`The call is ${last.kind}.`);
    const answer = { status: 200, body: '{}', location: undefined };
    await calls.answer(last.claim, answer);
    expect(await calls.claim('call', 'content', 60_000), 'an answer').toEqual({ kind: 'answered', answer });
    const [item, ...others] = await itemsOf(client, broadcastsNameOf(name));
    expect(others).toEqual([]);
    const until = Math.ceil(Date.now() / 1_000) + 86_400;
    expect(Number(item?.['expires']?.N), 'expires').toBeGreaterThan(until - 60);
    expect(Number(item?.['expires']?.N), 'expires').toBeLessThanOrEqual(until);
  });

  test('frees a key that was refused', async () => {
    const { calls } = await harried(manner);
    const first = await calls.claim('call', 'content', 60_000);
    if (first.kind !== 'claimed') throw new Error(`The call is ${first.kind}.`);
    await calls.release(first.claim);
    expect((await calls.claim('call', 'other', 60_000)).kind).toBe('claimed');
  });
});

test('a repeat takes one call to DynamoDB, which returns the item with its refusal', async () => {
  const double = new MemoryDynamo();
  const operations: string[] = [];
  const counted = {
    run: (operation: string, input: object) => {
      operations.push(operation);
      return double.run(operation, input);
    },
  };
  const calls = new DynamoIdempotency(() => counted, memoryTables, new QuickClock());
  const first = await calls.claim('call', 'content', 60_000);
  if (first.kind !== 'claimed') throw new Error(`The call is ${first.kind}.`);
  await calls.answer(first.claim, { status: 200, body: '{}', location: undefined });
  expect(operations.splice(0), 'the first').toEqual(['PutItem', 'UpdateItem']);
  expect((await calls.claim('call', 'content', 60_000)).kind).toBe('answered');
  expect(operations, 'a repeat').toEqual(['PutItem']);
});

test('an item that is gone when its refusal is read means that the call is to be repeated', async () => {
  const double = new MemoryDynamo();
  const clock = new QuickClock();
  const calls = new DynamoIdempotency(
    () => ({
      run: async (operation, input) => {
        // Time to live deletes the item just then. Emulators do not send it with the refusal.
        if (operation === 'GetItem') return {};
        const silent = { ...input, ReturnValuesOnConditionCheckFailure: 'NONE' };
        return double.run(operation, silent);
      },
    }),
    memoryTables,
    clock,
  );
  expect((await calls.claim('call', 'content', 60_000)).kind).toBe('claimed');
  expect(await calls.claim('call', 'content', 60_000)).toEqual({ kind: 'running', forMs: 0 });
});
