import { describe, expect, test } from 'vitest';
import { diagnose, type Repair } from '../../../functions/gateway/sweep/diagnose.ts';
import { aRecord } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const { gateway } = fakeGateway();
const policy = { ...gateway.policy, staleMs: 90_000, lifeMs: 7_500_000, goneGraceMs: 10_000 };
/** A gateway that probes each socket once in so many minutes. */
const probing = (probeMinutes: number) => ({ settings: { ...gateway.settings, probeMinutes }, policy });
/** Nobody is probed, so that what else is wrong stands out. */
const unprobed = probing(0);
/** Everybody is probed every minute. */
const probed = probing(1);
const now = 1_764_000_000_000;
const moment = { now, minute: now / 60_000 };
const ago = (ms: number): number => now - ms;
const endedAgo = (ms: number) => ({ code: 1001, reason: '', time: ago(ms) });

describe('a socket that is opening', () => {
  test.for<{ age: number; repair: Repair }>([
    { age: 0, repair: 'none' },
    { age: 89_999, repair: 'none' },
    { age: 90_000, repair: 'abandon' },
    { age: 86_400_000, repair: 'abandon' },
  ])('for $age ms: $remedy', ({ age, repair }) => {
    expect(diagnose(aRecord({ openedAt: ago(age) }), moment, probed)).toBe(repair);
  });
});

describe('a socket whose messages wait', () => {
  test.for<{ since: number; leaseUntil: number; repair: Repair }>([
    { since: 89_999, leaseUntil: 0, repair: 'none' },
    { since: 90_000, leaseUntil: 0, repair: 'flush' },
    { since: 90_000, leaseUntil: now + 1, repair: 'none' },
    { since: 180_000, leaseUntil: now, repair: 'none' },
    { since: 180_000, leaseUntil: ago(89_999), repair: 'none' },
    { since: 180_000, leaseUntil: ago(90_000), repair: 'flush' },
    { since: 89_999, leaseUntil: ago(90_000), repair: 'none' },
  ])('accepted for $since ms, leased until $leaseUntil: $remedy', ({ since, leaseUntil, repair }) => {
    const record = aRecord({ status: 'accepted', openedAt: ago(since), acceptedAt: ago(since), leaseUntil });
    expect(diagnose(record, moment, probed)).toBe(repair);
  });

  test.for<{ age: number; repair: Repair }>([
    { age: 7_499_999, repair: 'flush' },
    { age: 7_500_000, repair: 'end' },
  ])('of an age of $age ms: $remedy', ({ age, repair }) => {
    const record = aRecord({ status: 'accepted', openedAt: ago(age), acceptedAt: ago(90_000) });
    expect(diagnose(record, moment, probed)).toBe(repair);
  });

  test('that is older than any connection is ended, even under a lease', () => {
    const old = { status: 'accepted', openedAt: ago(7_500_000), acceptedAt: ago(1) } as const;
    expect(diagnose(aRecord({ ...old, leaseUntil: now + 60_000 }), moment, probed)).toBe('end');
  });
});

describe('a socket that has ended', () => {
  const accepted = { status: 'closing', openedAt: ago(600_000), acceptedAt: ago(500_000) } as const;

  test.for<{ since: number; repair: Repair }>([
    { since: 0, repair: 'none' },
    { since: 89_999, repair: 'none' },
    { since: 90_000, repair: 'post_closed' },
  ])('$since ms ago, of which nobody has told the app: $remedy', ({ since, repair }) => {
    expect(diagnose(aRecord({ ...accepted, end: endedAgo(since) }), moment, probed)).toBe(repair);
  });

  test.for<{ leaseUntil: number; repair: Repair }>([
    { leaseUntil: now + 3_600_000, repair: 'none' },
    { leaseUntil: now + 1, repair: 'none' },
    { leaseUntil: now, repair: 'post_closed' },
  ])('and is leased or put off until $leaseUntil: $remedy', ({ leaseUntil, repair }) => {
    const tried = aRecord({ ...accepted, end: endedAgo(1_000), attempts: 1, leaseUntil });
    expect(diagnose(tried, moment, probed)).toBe(repair);
    const untried = aRecord({ ...accepted, end: endedAgo(90_000), leaseUntil });
    expect(diagnose(untried, moment, probed)).toBe(repair);
  });

  test.for<{ opened: number; ended: number; repair: Repair }>([
    { opened: 90_000, ended: 89_999, repair: 'none' },
    { opened: 90_000, ended: 90_000, repair: 'post_closed' },
    { opened: 89_999, ended: 89_999, repair: 'none' },
    { opened: 600_000, ended: 89_999, repair: 'none' },
    // A clock of another machine may be behind.
    { opened: 89_999, ended: 90_000, repair: 'none' },
  ])('before the app had decided, opened $opened and ended $ended ms ago: $remedy', (given) => {
    const times = { openedAt: ago(given.opened), end: endedAgo(given.ended) };
    expect(diagnose(aRecord({ status: 'closing', ...times }), moment, probed)).toBe(given.repair);
  });
});

describe('a socket that is open', () => {
  test.for<{ age: number; repair: Repair }>([
    { age: 0, repair: 'none' },
    { age: 7_499_999, repair: 'none' },
    { age: 7_500_000, repair: 'end' },
  ])('for $age ms: $remedy', ({ age, repair }) => {
    const record = aRecord({ status: 'open', openedAt: ago(age), acceptedAt: ago(age) });
    expect(diagnose(record, moment, unprobed)).toBe(repair);
  });

  test.for<{ since: number; repair: Repair }>([
    { since: 9_999, repair: 'none' },
    { since: 10_000, repair: 'probe' },
  ])('and was let in $since ms ago, in its minute: $remedy', ({ since, repair }) => {
    const record = aRecord({ status: 'open', openedAt: ago(60_000), acceptedAt: ago(since) });
    expect(diagnose(record, moment, probed)).toBe(repair);
  });

  test.for([1, 2, 7, 30, 1_440])('is probed exactly once in %i minutes', (probeMinutes) => {
    for (let count = 0; count < 50; count++) {
      const record = aRecord({ status: 'open', openedAt: ago(60_000), acceptedAt: ago(60_000) });
      const start = moment.minute + count * 13;
      const remedies = Array.from({ length: probeMinutes }, (_, at) =>
        diagnose(record, { now, minute: start + at }, probing(probeMinutes)),
      );
      expect(remedies.filter((repair) => repair === 'probe')).toHaveLength(1);
    }
  });

  test('is never probed where that is switched off', () => {
    const record = aRecord({ status: 'open', openedAt: ago(60_000), acceptedAt: ago(60_000) });
    for (let minute = 0; minute < 1_440; minute++) {
      expect(diagnose(record, { now, minute }, unprobed)).toBe('none');
    }
  });

  test('has its turn in a minute of its own, so that a sweep probes about as many as another', () => {
    const perMinute = Array.from({ length: 30 }, () => 0);
    for (let count = 0; count < 3_000; count++) {
      const record = aRecord({ status: 'open', openedAt: ago(60_000), acceptedAt: ago(60_000) });
      const minute = perMinute.findIndex(
        (_, at) => diagnose(record, { now, minute: at }, probing(30)) === 'probe',
      );
      perMinute[minute] = (perMinute[minute] ?? 0) + 1;
    }
    expect(Math.max(...perMinute)).toBeLessThan(200);
    expect(Math.min(...perMinute)).toBeGreaterThan(30);
  });
});
