import { describe, expect, test } from 'vitest';
import { everyOutcome } from '../../../functions/gateway/deliver/outcome.ts';
import type { ClaimedCall, Idempotency, Outcomes } from '../../../functions/gateway/idempotency.ts';
import type { Clock } from '../../../functions/gateway/ports.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Makes a store without any calls, whose claims go by this clock. */
export type MakeIdempotency = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<Idempotency>;

const leaseMs = 60_000;
const dayMs = 86_400_000;
const answer = { status: 200, body: '{"delivered":1}', location: undefined };
const accepted = { status: 202, body: '{"broadcast":"x"}', location: '/broadcasts/x' };

type Won = Extract<ClaimedCall, { kind: 'claimed' }>;

function won(claimed: ClaimedCall): Won {
  if (claimed.kind !== 'claimed') throw new Error(`The call is ${claimed.kind}.`);
  return claimed;
}

async function begun(make: MakeIdempotency) {
  const clock = new ManualClock();
  const calls = await make(clock);
  const startedAt = clock.now();
  const first = won(await calls.claim('call', 'content', leaseMs));
  expect(first).toMatchObject({ isResumed: false, outcomes: new Map() });
  const claim = (content = 'content') => calls.claim('call', content, leaseMs);
  const pass = (ms: number) => clock.skipTo(clock.now() + ms);
  return { calls, clock, startedAt, first, claim, pass };
}

/** One socket for each outcome. */
const some = (): Outcomes => new Map(everyOutcome.map((outcome) => [newSocket(), outcome]));

/** What every implementation of the port `Idempotency` keeps to. */
export function idempotencyContract(name: string, make: MakeIdempotency): void {
  answersContract(name, make);
  claimsContract(name, make);
}

function answersContract(name: string, make: MakeIdempotency): void {
  describe(`${name}: a call that was answered`, () => {
    test.for([answer, accepted])('is answered the same to everybody who repeats it (%o)', async (kept) => {
      const { calls, first, claim, pass } = await begun(make);
      await calls.answer(first.claim, kept);
      expect(await claim(), 'at once').toEqual({ kind: 'answered', answer: kept });
      pass(leaseMs);
      expect(await claim(), 'when the claim would have ended').toEqual({ kind: 'answered', answer: kept });
      expect(await claim('other'), 'with other content').toEqual({ kind: 'other' });
    });

    test('is known for a day from its start, and then begins anew with any content', async () => {
      const { calls, clock, first, claim, startedAt } = await begun(make);
      clock.skipTo(startedAt + leaseMs / 2);
      await calls.progress(first.claim, some());
      await calls.answer(first.claim, accepted);
      clock.skipTo(startedAt + dayMs - 1);
      expect(await claim(), 'a moment before').toEqual({ kind: 'answered', answer: accepted });
      expect(await claim('other'), 'a moment before').toEqual({ kind: 'other' });
      clock.skipTo(startedAt + dayMs);
      const next = won(await claim('other'));
      expect(next, 'after a day').toMatchObject({ isResumed: false, outcomes: new Map() });
      expect(next.source).not.toBe(first.source);
      await calls.answer(first.claim, answer);
      expect((await claim('other')).kind, 'a late answer to the call before').toBe('running');
    });

    test('keeps its first answer, whatever comes late', async () => {
      const { calls, first, claim } = await begun(make);
      await calls.answer(first.claim, answer);
      await calls.answer(first.claim, accepted);
      await calls.progress(first.claim, some());
      await calls.suspend(first.claim, some());
      await calls.release(first.claim);
      expect(await claim()).toEqual({ kind: 'answered', answer });
    });

    test('does not hold up another call', async () => {
      const { calls, first } = await begun(make);
      await calls.answer(first.claim, answer);
      const other = won(await calls.claim('another', 'content', leaseMs));
      expect(other.source).not.toBe(first.source);
    });

    test('can have a large answer, of 1,000 ids that are as long as ids can be', async () => {
      const { calls, first, claim } = await begun(make);
      const large = { ...answer, body: JSON.stringify(Array(1_000).fill('x'.repeat(300))) };
      await calls.answer(first.claim, large);
      expect(await claim()).toEqual({ kind: 'answered', answer: large });
    });
  });
}

function claimsContract(name: string, make: MakeIdempotency): void {
  describe(`${name}: a call that is not answered yet`, () => {
    test('has one run at a time, until its claim ends', async () => {
      const clock = new ManualClock();
      const calls = await make(clock);
      const claims = await Promise.all([0, 1, 2].map(() => calls.claim('call', 'content', leaseMs)));
      expect(claims.map(({ kind }) => kind).sort()).toEqual(['claimed', 'running', 'running']);
      expect(claims.find(({ kind }) => kind === 'running')).toEqual({ kind: 'running', forMs: leaseMs });
      clock.skipTo(clock.now() + leaseMs - 1);
      expect(await calls.claim('call', 'content', leaseMs)).toEqual({ kind: 'running', forMs: 1 });
      clock.skipTo(clock.now() + 1);
      const next = await Promise.all([0, 1, 2].map(() => calls.claim('call', 'content', leaseMs)));
      expect(next.map(({ kind }) => kind).sort(), 'the claim has ended').toEqual([
        'claimed',
        'running',
        'running',
      ]);
    });

    test('with other content is another call, while it runs and when its run died', async () => {
      const { claim, pass } = await begun(make);
      expect(await claim('other'), 'while it runs').toEqual({ kind: 'other' });
      pass(leaseMs);
      expect(await claim('other'), 'when its run died').toEqual({ kind: 'other' });
    });

    test('goes on with the last outcomes that its run stored before it died', async () => {
      const { calls, first, claim, pass } = await begun(make);
      const { source } = first;
      const outcomes = some();
      await calls.progress(first.claim, new Map([...outcomes].slice(0, 2)));
      await calls.progress(first.claim, outcomes);
      expect((await claim()).kind, 'before its claim ends').toBe('running');
      pass(leaseMs);
      const next = won(await claim());
      expect(next).toMatchObject({ source, isResumed: true, outcomes });
      pass(leaseMs);
      expect(won(await claim()), 'the next one died too').toMatchObject({
        source,
        isResumed: true,
        outcomes,
      });
    });

    test('is resumed although its run stored nothing', async () => {
      const { claim, pass } = await begun(make);
      pass(leaseMs);
      expect(won(await claim())).toMatchObject({ isResumed: true, outcomes: new Map() });
    });

    test('goes on at once when its run has given it up', async () => {
      const { calls, first, claim } = await begun(make);
      const outcomes = some();
      await calls.suspend(first.claim, outcomes);
      const next = won(await claim());
      expect(next).toMatchObject({ isResumed: true, outcomes });
      expect((await claim()).kind, 'and has one run again').toBe('running');
      await calls.answer(next.claim, answer);
      expect(await claim()).toEqual({ kind: 'answered', answer });
    });

    test('that was given up is not taken by other content', async () => {
      const { calls, first, claim } = await begun(make);
      await calls.suspend(first.claim, new Map());
      expect(await claim('other')).toEqual({ kind: 'other' });
    });

    test('is not changed by a run that has lost its claim', async () => {
      const { calls, first, claim, pass } = await begun(make);
      pass(leaseMs);
      const live = won(await claim());
      await calls.progress(first.claim, some());
      await calls.suspend(first.claim, some());
      await calls.release(first.claim);
      await calls.answer(first.claim, answer);
      expect((await claim()).kind, 'still claimed').toBe('running');
      await calls.suspend(live.claim, new Map());
      expect(won(await claim()).outcomes).toEqual(new Map());
    });

    test('can have the outcomes of 1,000 sockets', async () => {
      const { calls, first, claim } = await begun(make);
      const outcomes: Outcomes = new Map(Array.from({ length: 1_000 }, () => [newSocket(), 'delivered']));
      await calls.suspend(first.claim, outcomes);
      expect(won(await claim()).outcomes).toEqual(outcomes);
    });

    test('leaves its key free when it was refused', async () => {
      const { calls, first, claim } = await begun(make);
      await calls.progress(first.claim, some());
      await calls.release(first.claim);
      const next = won(await claim('other'));
      expect(next).toMatchObject({ isResumed: false, outcomes: new Map() });
      await calls.release(first.claim);
      expect((await claim('other')).kind, 'released by the run before').toBe('running');
    });
  });
}
