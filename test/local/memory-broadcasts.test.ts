import { describe, expect, test } from 'vitest';
import type { StoredBroadcast } from '../../functions/gateway/broadcasts.ts';
import { MemoryBroadcasts } from '../../functions/local/memory-broadcasts.ts';
import { broadcastIdOf } from '../../functions/wire/broadcast-id.ts';
import { newSocket } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const clock = new ManualClock();

function one(source: string, body = 'hello', except: StoredBroadcast['except'] = []): StoredBroadcast {
  return { id: broadcastIdOf(source), body, except, segments: 1, startedAt: clock.now() };
}

const delivered = (count: number) => ({ delivered: count, queued: 0, gone: 0, failed: 0 });

/** Ends a broadcast of one batch. */
async function end(broadcasts: MemoryBroadcasts, { id }: StoredBroadcast): Promise<void> {
  const segment = await broadcasts.claimSegment(id, 0, 1_000);
  if (segment.kind !== 'claimed') throw new Error(segment.kind);
  const batch = { broadcast: id, segment: 0, at: 0 };
  await broadcasts.cut(batch, 'a', 3);
  const progress = { id: segment.claim.id, batches: 1, from: 'a', isDone: true, isReleased: true };
  await broadcasts.queued(id, 0, progress);
  const claimed = await broadcasts.claimBatch(batch, 0, 1_000);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  await broadcasts.posted(batch, claimed.claim, delivered(3), true);
}

describe('the broadcasts of one process', () => {
  test('are refused while the messages of those that run fill the room, and not once they have ended', async () => {
    const broadcasts = new MemoryBroadcasts(clock, { broadcasts: 10, bytes: 10 });
    const [first, second] = [one('1', '123456'), one('2', '1234')];
    expect(await broadcasts.create(first)).toBe('created');
    expect(await broadcasts.create(second), 'ten bytes').toBe('created');
    expect(await broadcasts.create(one('3', 'x')), 'eleven bytes').toBe('full');
    await broadcasts.cancel(first.id);
    await broadcasts.cancel(first.id);
    expect(await broadcasts.create(one('4', '123456')), 'after a cancel').toBe('created');
    await end(broadcasts, second);
    expect(await broadcasts.create(one('5', '1234')), 'after an end').toBe('created');
    expect(await broadcasts.create(one('6', 'x'))).toBe('full');
    await clock.advance(86_400_000);
    expect(await broadcasts.create(one('7', '1234567890')), 'after a day').toBe('created');
  });

  test('count the ids of the excepted as well', async () => {
    const broadcasts = new MemoryBroadcasts(clock, { broadcasts: 10, bytes: 20 });
    expect(await broadcasts.create(one('1', '12345', [newSocket()]))).toBe('full');
  });

  test('keep no message of one that has ended, and its counts', async () => {
    const broadcasts = new MemoryBroadcasts(clock);
    const [ended, cancelled] = [one('1', 'hello', [newSocket()]), one('2', 'hello', [newSocket()])];
    for (const each of [ended, cancelled]) await broadcasts.create(each);
    await end(broadcasts, ended);
    await broadcasts.cancel(cancelled.id);
    for (const { id } of [ended, cancelled])
      expect(await broadcasts.get(id)).toMatchObject({ id, body: '', except: [] });
    expect(await broadcasts.progress(ended.id)).toEqual({ status: 'done', found: 3, ...delivered(3) });
  });

  test('forget the oldest that has ended when there are too many, and no running one', async () => {
    const broadcasts = new MemoryBroadcasts(clock, { broadcasts: 2, bytes: 1_000 });
    const [running, ended, next] = [one('1'), one('2'), one('3')];
    await broadcasts.create(running);
    await broadcasts.create(ended);
    expect(await broadcasts.create(next), 'two are running').toBe('full');
    await end(broadcasts, ended);
    expect(await broadcasts.create(next)).toBe('created');
    expect(await broadcasts.progress(ended.id)).toBeUndefined();
    expect(await broadcasts.progress(running.id)).toMatchObject({ status: 'running' });
  });

  test('stay done when they are cancelled after their end', async () => {
    const broadcasts = new MemoryBroadcasts(clock);
    await broadcasts.create(one('1'));
    await end(broadcasts, one('1'));
    expect(await broadcasts.cancel(one('1').id)).toBe(true);
    expect(await broadcasts.progress(one('1').id)).toMatchObject({ status: 'done' });
  });

  test('count what a worker posted that was under way when they were cancelled', async () => {
    const broadcasts = new MemoryBroadcasts(clock);
    const { id } = one('1');
    await broadcasts.create(one('1'));
    const batch = { broadcast: id, segment: 0, at: 0 };
    await broadcasts.cut(batch, 'a', 5);
    await broadcasts.cut({ ...batch, at: 1 }, 'b', 5);
    const claimed = await broadcasts.claimBatch(batch, 0, 1_000);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    await broadcasts.cancel(id);
    await broadcasts.posted(batch, claimed.claim, delivered(2), false);
    expect(await broadcasts.progress(id)).toEqual({ status: 'cancelled', found: 10, ...delivered(2) });
    expect(await broadcasts.claimBatch(batch, 1, 1_000)).toEqual({ kind: 'over' });
  });
});
