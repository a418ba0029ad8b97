import { describe, expect, test } from 'vitest';
import type { Batch, Broadcasts, Claimed, StoredBroadcast } from '../../../functions/gateway/broadcasts.ts';
import type { Clock } from '../../../functions/gateway/ports.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { aGroup, aPath, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Makes broadcasts without any, whose claims go by this clock. */
export type MakeBroadcasts = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<Broadcasts>;

const none = { delivered: 0, queued: 0, gone: 0, failed: 0 };
const some = { delivered: 4, queued: 3, gone: 2, failed: 1 };
const leaseMs = 60_000;
let made = 0;

async function begun(make: MakeBroadcasts, given: Partial<StoredBroadcast> = {}) {
  const clock = new ManualClock();
  const broadcasts = await make(clock);
  made += 1;
  const id = broadcastIdOf(`contract ${made}`);
  const broadcast = { id, body: 'hello', except: [], segments: 1, startedAt: clock.now(), ...given };
  expect(await broadcasts.create(broadcast)).toBe('created');
  const batch = (at = 0): Batch => ({ broadcast: id, segment: 0, at });
  return { broadcasts, broadcast, clock, id, batch };
}

function claimed<Claim>(given: Claimed<Claim>): Claim {
  if (given.kind !== 'claimed') throw new Error(`It is ${given.kind}.`);
  return given.claim;
}

/** The segment is read to its end, and has these batches. */
async function queueAll(broadcasts: Broadcasts, { id, segments }: StoredBroadcast, batches: number) {
  for (let segment = 0; segment < segments; segment++) {
    const claim = claimed(await broadcasts.claimSegment(id, segment, leaseMs));
    for (let at = 0; at < batches; at++)
      await broadcasts.cut({ broadcast: id, segment, at }, `end ${at}`, 10);
    const progress = { ...claim, batches, from: batches === 0 ? undefined : `end ${batches - 1}` };
    await broadcasts.queued(id, segment, { ...progress, isDone: true, isReleased: true });
  }
}

/** What every implementation of the port `Broadcasts` keeps to. */
export function broadcastsContract(name: string, make: MakeBroadcasts): void {
  progressContract(name, make);
  segmentClaimsContract(name, make);
  batchClaimsContract(name, make);
}

function progressContract(name: string, make: MakeBroadcasts): void {
  describe(`${name}: a broadcast`, () => {
    test('is kept as it was created, and once', async () => {
      const filter = { path: aPath('/room'), user: 'Ünï', group: aGroup('room:1') };
      const except = [newSocket(), newSocket()];
      const { broadcasts, broadcast, id } = await begun(make, { ...filter, except, body: '😀', segments: 4 });
      expect(await broadcasts.create({ ...broadcast, body: 'other' })).toBe('known');
      expect(await broadcasts.get(id)).toEqual(broadcast);
      expect(await broadcasts.get(broadcastIdOf('unknown'))).toBeUndefined();
      expect(await broadcasts.get(id)).toEqual(broadcast);
    });

    test('to all, or to nobody in particular, is kept with an empty message too', async () => {
      for (const user of [undefined, '']) {
        const { broadcasts, broadcast, id } = await begun(make, { body: '', user });
        expect(await broadcasts.get(id)).toEqual({ path: undefined, group: undefined, ...broadcast });
      }
    });

    test('runs until all its segments are queued and all its batches posted, and its counts are sums', async () => {
      const { broadcasts, broadcast, id, batch } = await begun(make, { segments: 2 });
      const running = { status: 'running', found: 0, ...none };
      expect(await broadcasts.progress(id), 'at first').toEqual(running);
      await queueAll(broadcasts, broadcast, 2);
      expect(await broadcasts.progress(id), 'queued').toEqual({ ...running, found: 40 });
      for (const [segment, at] of [
        [0, 0],
        [0, 1],
        [1, 0],
      ] as const) {
        const each = { ...batch(at), segment };
        await broadcasts.posted(each, claimed(await broadcasts.claimBatch(each, 0, leaseMs)), some, true);
      }
      const sums = { found: 40, delivered: 12, queued: 9, gone: 6, failed: 3 };
      expect(await broadcasts.progress(id), 'one is left').toEqual({ status: 'running', ...sums });
      const last = { ...batch(1), segment: 1 };
      await broadcasts.posted(last, claimed(await broadcasts.claimBatch(last, 0, leaseMs)), none, true);
      // Sockets that were found and had gone before their batch was posted are in no count.
      expect(await broadcasts.progress(id), 'none is left').toEqual({ status: 'done', ...sums, found: 30 });
      expect(await broadcasts.cancel(id), 'is still known').toBe(true);
      expect((await broadcasts.progress(id))?.status, 'done wins').toBe('done');
    });

    test('is done although a reader that died has cut a batch whose sockets have gone since', async () => {
      const { broadcasts, id, batch } = await begun(make);
      const claim = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      await broadcasts.cut(batch(0), 'middle', 10);
      await broadcasts.cut(batch(1), 'end', 10);
      const queued = { ...claim, batches: 1, from: 'middle', isDone: true, isReleased: true };
      await broadcasts.queued(id, 0, queued);
      await broadcasts.posted(
        batch(0),
        claimed(await broadcasts.claimBatch(batch(0), 0, leaseMs)),
        some,
        true,
      );
      const found = some.delivered + some.queued + some.gone + some.failed;
      expect(await broadcasts.progress(id)).toEqual({ status: 'done', ...some, found });
    });

    test('that finds nobody is done when its segments are', async () => {
      const { broadcasts, broadcast, id } = await begun(make, { segments: 4 });
      await queueAll(broadcasts, broadcast, 0);
      expect(await broadcasts.progress(id)).toEqual({ status: 'done', found: 0, ...none });
    });

    test('that is cancelled gives no more work, and keeps its counts', async () => {
      const { broadcasts, id, batch } = await begun(make);
      await broadcasts.claimSegment(id, 0, leaseMs);
      await broadcasts.cut(batch(), 'end', 10);
      const claim = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      expect(await broadcasts.isCancelled(id)).toBe(false);
      expect(await broadcasts.cancel(id)).toBe(true);
      expect(await broadcasts.cancel(id), 'again').toBe(true);
      expect(await broadcasts.isCancelled(id)).toBe(true);
      await broadcasts.posted(batch(), claim, some, false);
      expect(await broadcasts.progress(id)).toEqual({ status: 'cancelled', found: 10, ...some });
      expect(await broadcasts.claimSegment(id, 0, leaseMs)).toEqual({ kind: 'over' });
      expect(await broadcasts.claimBatch(batch(), 1, leaseMs)).toEqual({ kind: 'over' });
    });

    test('that nobody knows has no progress and no work, and can’t be cancelled', async () => {
      const { broadcasts } = await begun(make);
      const id = broadcastIdOf('unknown');
      expect(await broadcasts.progress(id)).toBeUndefined();
      expect(await broadcasts.cancel(id)).toBe(false);
      expect(await broadcasts.claimSegment(id, 0, leaseMs)).toEqual({ kind: 'over' });
      expect(await broadcasts.claimBatch({ broadcast: id, segment: 0, at: 0 }, 0, leaseMs)).toEqual({
        kind: 'over',
      });
    });

    test('is known for a day', async () => {
      const { broadcasts, broadcast, clock, id } = await begun(make);
      clock.skipTo(broadcast.startedAt + 86_400_000 - 1);
      expect(await broadcasts.get(id), 'a moment before').toEqual(broadcast);
      expect((await broadcasts.progress(id))?.status, 'a moment before').toBe('running');
      clock.skipTo(broadcast.startedAt + 86_400_000);
      expect(await broadcasts.get(id), 'after a day').toBeUndefined();
      expect(await broadcasts.progress(id), 'after a day').toBeUndefined();
      expect(await broadcasts.cancel(id), 'after a day').toBe(false);
    });
  });
}

function segmentClaimsContract(name: string, make: MakeBroadcasts): void {
  describe(`${name}: a segment of a broadcast`, () => {
    test('has one reader at a time, until its claim ends', async () => {
      const { broadcasts, clock, id } = await begun(make, { segments: 2 });
      const claims = await Promise.all([0, 1, 2].map(() => broadcasts.claimSegment(id, 0, leaseMs)));
      expect(claims.map(({ kind }) => kind).sort()).toEqual(['busy', 'busy', 'claimed']);
      expect((await broadcasts.claimSegment(id, 1, leaseMs)).kind, 'the other one').toBe('claimed');
      clock.skipTo(clock.now() + leaseMs - 1);
      expect(await broadcasts.claimSegment(id, 0, leaseMs)).toEqual({ kind: 'busy' });
      clock.skipTo(clock.now() + 1);
      const next = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      expect(next).toEqual({ id: expect.any(String), batches: 0, from: undefined });
    });

    test('goes on where its batches are queued, and is over when all are', async () => {
      const { broadcasts, id } = await begun(make);
      const first = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      const at = { id: first.id, batches: 3, from: 'here', isDone: false };
      await broadcasts.queued(id, 0, { ...at, isReleased: false });
      expect(await broadcasts.claimSegment(id, 0, leaseMs), 'while claimed').toEqual({ kind: 'busy' });
      await broadcasts.queued(id, 0, { ...at, isReleased: true });
      const next = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      expect(next).toMatchObject({ batches: 3, from: 'here' });
      await broadcasts.queued(id, 0, { ...next, batches: 4, isDone: true, isReleased: true });
      expect(await broadcasts.claimSegment(id, 0, leaseMs), 'all queued').toEqual({ kind: 'over' });
    });

    test('is not moved by a reader that lost its claim', async () => {
      const { broadcasts, clock, id } = await begun(make);
      const lost = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      clock.skipTo(clock.now() + leaseMs);
      const live = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      const late = { id: lost.id, batches: 9, from: 'late', isDone: true, isReleased: true };
      await broadcasts.queued(id, 0, late);
      expect((await broadcasts.progress(id))?.status).toBe('running');
      expect(await broadcasts.claimSegment(id, 0, leaseMs), 'still claimed').toEqual({ kind: 'busy' });
      await broadcasts.queued(id, 0, { ...live, isDone: false, isReleased: true });
      const next = claimed(await broadcasts.claimSegment(id, 0, leaseMs));
      expect(next).toMatchObject({ batches: 0, from: undefined });
    });

    test('is cut where its first reader cut it', async () => {
      const { broadcasts, id, batch } = await begun(make);
      expect(await broadcasts.cut(batch(), 'first', 10)).toBe('first');
      expect(await broadcasts.cut(batch(), 'second', 20)).toBe('first');
      expect(await broadcasts.cut(batch(1), 'second', 5)).toBe('second');
      expect((await broadcasts.progress(id))?.found).toBe(15);
    });
  });
}

function batchClaimsContract(name: string, make: MakeBroadcasts): void {
  describe(`${name}: a batch of a broadcast`, () => {
    test('has one worker at a time, until its claim ends', async () => {
      const { broadcasts, clock, batch } = await begun(make);
      expect(await broadcasts.claimBatch(batch(), 0, leaseMs), 'before it is cut').toEqual({ kind: 'over' });
      await broadcasts.cut(batch(), 'end', 10);
      const claims = await Promise.all([0, 1, 2].map(() => broadcasts.claimBatch(batch(), 0, leaseMs)));
      expect(claims.map(({ kind }) => kind).sort()).toEqual(['busy', 'busy', 'claimed']);
      clock.skipTo(clock.now() + leaseMs - 1);
      expect(await broadcasts.claimBatch(batch(), 0, leaseMs)).toEqual({ kind: 'busy' });
      clock.skipTo(clock.now() + 1);
      const claim = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      await broadcasts.posted(batch(), claim, some, true);
      expect(await broadcasts.claimBatch(batch(), 0, leaseMs), 'posted').toEqual({ kind: 'over' });
    });

    test('is posted in parts, one after the other', async () => {
      const { broadcasts, id, batch } = await begun(make);
      await queueAll(broadcasts, { id, segments: 1, body: '', except: [], startedAt: 0 }, 1);
      const first = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      expect(await broadcasts.claimBatch(batch(), 1, leaseMs), 'the rest waits').toEqual({ kind: 'busy' });
      await broadcasts.posted(batch(), first, some, false);
      expect(await broadcasts.claimBatch(batch(), 2, leaseMs), 'too early').toEqual({ kind: 'busy' });
      expect(await broadcasts.claimBatch(batch(), 0, leaseMs), 'posted').toEqual({ kind: 'over' });
      expect((await broadcasts.progress(id))?.status).toBe('running');
      const rest = claimed(await broadcasts.claimBatch(batch(), 1, leaseMs));
      await broadcasts.posted(batch(), rest, some, true);
      const sums = { delivered: 8, queued: 6, gone: 4, failed: 2 };
      expect(await broadcasts.progress(id)).toEqual({ status: 'done', found: 20, ...sums });
      expect(await broadcasts.claimBatch(batch(), 2, leaseMs), 'done').toEqual({ kind: 'over' });
    });

    test('has no rest of a worker that lost its claim before its counts were stored', async () => {
      const { broadcasts, clock, id, batch } = await begun(make);
      await queueAll(broadcasts, { id, segments: 1, body: '', except: [], startedAt: 0 }, 1);
      const lost = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      clock.skipTo(clock.now() + leaseMs);
      const live = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      const restOf = (after: string) => broadcasts.claimBatch(batch(), 1, leaseMs, { after });
      expect(await restOf(lost.id), 'while nobody knows who leaves one').toEqual({ kind: 'busy' });
      await broadcasts.posted(batch(), live, some, false);
      expect(await restOf(lost.id), 'of the one that lost its claim').toEqual({ kind: 'over' });
      const rest = claimed(await restOf(live.id));
      expect(await restOf(live.id), 'while claimed').toEqual({ kind: 'busy' });
      await broadcasts.posted(batch(), rest, some, true);
      expect(await broadcasts.progress(id)).toMatchObject({ status: 'done', found: 20 });
    });

    test('has no more outcomes than sockets, though some came after it was cut', async () => {
      const { broadcasts, id, batch } = await begun(make);
      await broadcasts.cut(batch(), 'end', 9);
      const claim = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      await broadcasts.posted(batch(), claim, some, true);
      expect(await broadcasts.progress(id)).toEqual({ status: 'running', found: 10, ...some });
    });

    test('counts once, and only for the worker that has the claim', async () => {
      const { broadcasts, clock, id, batch } = await begun(make);
      await broadcasts.cut(batch(), 'end', 10);
      const lost = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      clock.skipTo(clock.now() + leaseMs);
      const live = claimed(await broadcasts.claimBatch(batch(), 0, leaseMs));
      await broadcasts.posted(batch(), lost, some, true);
      expect(await broadcasts.progress(id)).toMatchObject({ status: 'running', ...none });
      expect(await broadcasts.claimBatch(batch(), 0, leaseMs), 'still claimed').toEqual({ kind: 'busy' });
      await broadcasts.posted(batch(), live, some, true);
      await broadcasts.posted(batch(), live, some, true);
      expect(await broadcasts.progress(id)).toMatchObject(some);
    });
  });
}
