import { describe, expect, test } from 'vitest';
import { MemoryIdempotency } from '../../functions/local/memory-idempotency.ts';
import { newSocket } from '../fakes/a-record.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { cpuTime } from '../support/cpu-time.ts';

const dayMs = 86_400_000;
const leaseMs = 60_000;

function keeping(room: { readonly calls: number; readonly bytes: number }) {
  const clock = new ManualClock();
  const calls = new MemoryIdempotency(clock, room);
  const claim = (call: string) => calls.claim(call, 'content', leaseMs);
  const begin = async (call: string) => {
    const claimed = await claim(call);
    if (claimed.kind !== 'claimed') throw new Error(`The call is ${claimed.kind}.`);
    return claimed.claim;
  };
  return { clock, calls, claim, begin };
}

const answer = (length: number) => ({ status: 200, body: 'x'.repeat(length), location: undefined });

describe('the calls with idempotency keys of one process', () => {
  test('are refused beyond their number, and never forgotten before their day is over', async () => {
    const { clock, calls, claim, begin } = keeping({ calls: 2, bytes: 1_000_000 });
    await calls.answer(await begin('1'), answer(2));
    await clock.advance(1);
    await begin('2');
    expect(await claim('3'), 'the third').toEqual({ kind: 'full' });
    expect((await claim('1')).kind, 'the first is still known').toBe('answered');
    await clock.advance(dayMs - 2);
    expect(await claim('3'), 'a moment before').toEqual({ kind: 'full' });
    await clock.advance(1);
    expect((await claim('3')).kind, 'the day of the first is over').toBe('claimed');
    expect(await claim('4'), 'the day of the second is not').toEqual({ kind: 'full' });
  });

  test('are refused while they fill the room with their answers', async () => {
    // Each takes 512 bytes, and two for each character of its answer.
    const { clock, calls, claim, begin } = keeping({ calls: 100, bytes: 1_113 });
    await calls.answer(await begin('1'), answer(300));
    expect((await claim('2')).kind, '1,112 bytes').toBe('claimed');
    expect(await claim('3'), '1,624 bytes').toEqual({ kind: 'full' });
    await clock.advance(dayMs);
    expect((await claim('3')).kind, 'after a day').toBe('claimed');
    const small = keeping({ calls: 100, bytes: 1_112 });
    await small.calls.answer(await small.begin('1'), answer(300));
    expect(await small.claim('2'), '1,112 bytes of 1,112').toEqual({ kind: 'full' });
  });

  test('count their outcomes until they are answered', async () => {
    const { calls, claim, begin } = keeping({ calls: 100, bytes: 1_000 });
    const first = await begin('1');
    const outcomes = new Map(Array.from({ length: 8 }, () => [newSocket(), 'delivered' as const]));
    await calls.progress(first, outcomes);
    expect(await claim('2'), 'with eight outcomes').toEqual({ kind: 'full' });
    await calls.answer(first, answer(2));
    expect((await claim('2')).kind, 'answered').toBe('claimed');
  });

  test('that have expired are forgotten a thousand at a time, and count for nothing before', async () => {
    const { clock, claim, begin } = keeping({ calls: 2_002, bytes: 10_000_000 });
    for (let at = 0; at < 2_001; at++) await begin(`call ${at}`);
    await clock.advance(dayMs);
    expect((await claim('call 2000')).kind, 'not forgotten yet').toBe('claimed');
    for (let at = 0; at < 2_001; at++) expect((await claim(`next ${at}`)).kind).toBe('claimed');
    expect(await claim('one more')).toEqual({ kind: 'full' });
  });

  test('that have expired are forgotten beyond the thousand if they leave no room', async () => {
    const { clock, calls, claim, begin } = keeping({ calls: 10_000, bytes: 1_000_000 });
    for (let at = 0; at < 1_000; at++) await begin(`call ${at}`);
    await calls.answer(await begin('large'), answer(1_000_000));
    expect(await claim('another')).toEqual({ kind: 'full' });
    await clock.advance(dayMs);
    expect((await claim('another')).kind).toBe('claimed');
  });

  test('do not hold up the process when a whole day of them has expired', async () => {
    const { clock, claim } = keeping({ calls: 1_000_000, bytes: 1_000_000_000 });
    for (let at = 0; at < 300_000; at++) await claim(`call ${at}`);
    await clock.advance(dayMs);
    const { ms } = await cpuTime(() => claim('another'));
    expect(ms).toBeLessThan(50);
  });

  test('take no room when they were refused', async () => {
    const { calls, claim, begin } = keeping({ calls: 1, bytes: 512 });
    for (let time = 1; time <= 3; time++) await calls.release(await begin('1'));
    await begin('2');
    expect(await claim('3')).toEqual({ kind: 'full' });
  });

  test('keep their leases when the clock of the machine is set', async () => {
    const { clock, claim, begin } = keeping({ calls: 10, bytes: 10_000 });
    await begin('1');
    clock.set(leaseMs);
    expect((await claim('1')).kind).toBe('running');
  });
});
