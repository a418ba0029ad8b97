import { afterAll, describe, expect, test, vi } from 'vitest';
import { DynamoBroadcasts } from '../../../functions/aws/dynamo/broadcasts.ts';
import type { Batch } from '../../../functions/gateway/broadcasts.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { broadcastsContract } from '../../contract/ports/broadcasts.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { broadcastsAt, broadcastsNameOf, Dynamo, QuickClock } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const client = dynamo.client();
const fronts: DynamoFront[] = [];
afterAll(async () => {
  for (const front of fronts) await front.close();
  await dynamo.stop();
});

broadcastsContract('DynamoDB broadcasts', async (clock) =>
  broadcastsAt(
    { name: await dynamo.table(client), endpoint: dynamo.endpoint },
    new QuickClock(() => clock.now()),
  ),
);

for (const pageSize of [1_000, 1]) {
  broadcastsContract(`broadcasts on the double of DynamoDB, in pages of ${pageSize}`, async (clock) => {
    const double = new MemoryDynamo(pageSize);
    return new DynamoBroadcasts(() => double, memoryTables, clock, new RecordingLog());
  });
}

/** Broadcasts whose first answer to each write is lost, after the write was done or not. */
async function harried(manner: Manner) {
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  const broadcasts = broadcastsAt({ name, endpoint: front.endpoint });
  const id = broadcastIdOf('harried');
  return { broadcasts, id, name, sent: () => front.sent() };
}

describe.for([
  { first: 'hang up', carriesOut: true },
  { first: 'a fault', carriesOut: true },
  { first: 'throttling' },
] as const)('a write whose first answer is lost (%o)', (manner) => {
  test('is known again, and counts once', async () => {
    const { broadcasts, id, name } = await harried(manner);
    const broadcast = { id, body: 'hello', except: [], segments: 1, startedAt: Date.now() };
    const batch = { broadcast: id, segment: 0, at: 0 };
    expect(await broadcasts.create(broadcast), 'the first time').toBe('created');
    expect(await broadcasts.create(broadcast), 'the second time').toBe('known');
    const segment = await broadcasts.claimSegment(id, 0, 60_000);
    if (segment.kind !== 'claimed') throw new Error(`The segment is ${segment.kind}.`);
    expect(await broadcasts.claimSegment(id, 0, 60_000), 'a segment').toEqual({ kind: 'busy' });
    expect(await broadcasts.cut(batch, 'end', 10), 'a cut').toBe('end');
    const all = { ...segment.claim, batches: 1, from: 'end', isDone: true, isReleased: true };
    await broadcasts.queued(id, 0, all);
    const claimed = await broadcasts.claimBatch(batch, 0, 60_000);
    if (claimed.kind !== 'claimed') throw new Error(`The batch is ${claimed.kind}.`);
    expect(await broadcasts.claimBatch(batch, 0, 60_000), 'a batch').toEqual({ kind: 'busy' });
    const counts = { delivered: 4, queued: 3, gone: 2, failed: 1 };
    await broadcasts.posted(batch, claimed.claim, counts, true);
    expect(await broadcasts.progress(id)).toEqual({ status: 'done', found: 10, ...counts });
    expect(await broadcasts.cancel(id), 'to cancel').toBe(true);
    const items = await itemsOf(client, broadcastsNameOf(name));
    const until = Math.ceil(Date.now() / 1_000) + 86_400;
    for (const item of items) expect(Number(item['expires']?.N), 'expires').toBeGreaterThan(until - 60);
    expect(items).toHaveLength(4);
  });
});

describe('a batch whose last worker', () => {
  const some = { delivered: 4, queued: 3, gone: 2, failed: 1 };
  const leaseMs = 90_000;

  /** A broadcast of two batches of 20 sockets. One is posted, and the other is claimed, for the last time or not. */
  async function claimedFor(isLast: boolean) {
    const clock = new ManualClock();
    const double = new MemoryDynamo();
    const broadcasts = new DynamoBroadcasts(() => double, memoryTables, clock, new RecordingLog());
    const id = broadcastIdOf('dying');
    await broadcasts.create({ id, body: 'hello', except: [], segments: 1, startedAt: clock.now() });
    const segment = await broadcasts.claimSegment(id, 0, leaseMs);
    if (segment.kind !== 'claimed') throw new Error(`The segment is ${segment.kind}.`);
    const [one, other] = [0, 1].map((at) => ({ broadcast: id, segment: 0, at })) as [Batch, Batch];
    for (const batch of [one, other]) await broadcasts.cut(batch, `end ${batch.at}`, 20);
    const all = { ...segment.claim, batches: 2, from: 'end 1', isDone: true, isReleased: true };
    await broadcasts.queued(id, 0, all);
    const claim = async (batch: Batch, last: boolean) => {
      const claimed = await broadcasts.claimBatch(batch, 0, leaseMs, { isLast: last });
      if (claimed.kind !== 'claimed') throw new Error(`The batch is ${claimed.kind}.`);
      return claimed.claim;
    };
    const counts = { ...some, delivered: 14 };
    await broadcasts.posted(one, await claim(one, true), counts, true);
    const live = await claim(other, isLast);
    return { broadcasts, clock, id, other, live, claim: () => claim(other, false) };
  }

  test('dies has failed for all its sockets when the claim ends, and the broadcast is done', async () => {
    const { broadcasts, clock, id } = await claimedFor(true);
    const running = { status: 'running', found: 40, ...some, delivered: 14 };
    clock.skipTo(clock.now() + leaseMs - 1);
    expect(await broadcasts.progress(id), 'a moment before').toEqual(running);
    clock.skipTo(clock.now() + 1);
    expect(await broadcasts.progress(id)).toEqual({ ...running, status: 'done', failed: 21 });
  });

  test('dies after others left a rest has failed for that rest alone', async () => {
    const { broadcasts, clock, id, other, live } = await claimedFor(true);
    await broadcasts.posted(other, live, some, false);
    clock.skipTo(clock.now() + leaseMs);
    expect(await broadcasts.progress(id), 'the rest has its own attempts').toMatchObject({
      status: 'running',
    });
    await broadcasts.claimBatch(other, 1, leaseMs, { after: live.id, isLast: true });
    clock.skipTo(clock.now() + leaseMs);
    const sums = { delivered: 18, queued: 6, gone: 4, failed: 12 };
    expect(await broadcasts.progress(id)).toEqual({ status: 'done', found: 40, ...sums });
  });

  test('is not the last one leaves the broadcast running', async () => {
    const { broadcasts, clock, id } = await claimedFor(false);
    clock.skipTo(clock.now() + leaseMs);
    expect(await broadcasts.progress(id)).toMatchObject({ status: 'running', found: 40, failed: 1 });
  });

  test('died is posted all the same if an operator moves it back from the dead', async () => {
    const { broadcasts, clock, id, other, claim } = await claimedFor(true);
    clock.skipTo(clock.now() + leaseMs);
    const again = await claim();
    expect(await broadcasts.progress(id), 'claimed').toMatchObject({ status: 'running', failed: 1 });
    clock.skipTo(clock.now() + leaseMs);
    expect(await broadcasts.progress(id), 'may come again').toMatchObject({ status: 'running', failed: 1 });
    await broadcasts.posted(other, again, { ...some, delivered: 14 }, true);
    const sums = { delivered: 28, queued: 6, gone: 4, failed: 2 };
    expect(await broadcasts.progress(id)).toEqual({ status: 'done', found: 40, ...sums });
  });
});
