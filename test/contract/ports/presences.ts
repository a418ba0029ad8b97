import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../functions/gateway/ports.ts';
import {
  type Departure,
  hasNotWaited,
  type PresenceKey,
  type PresenceLease,
  type PresenceState,
  type Presences,
  type Telling,
} from '../../../functions/gateway/presences.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { aPath, newSocket } from '../../fakes/a-record.ts';
import { groupName } from '../../fakes/group-names.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Makes a store that knows nobody, whose leases go by this clock. */
export type MakePresences = (clock: Pick<Clock, 'now' | 'monotonic'>) => Promise<Presences>;

const leaseMs = 60_000;

type Leased = Extract<PresenceLease, { kind: 'leased' }>;

function leasedBy(lease: PresenceLease): Leased {
  if (lease.kind !== 'leased') throw new Error(`The subject is ${lease.kind}.`);
  return lease;
}

function hookOf(event: 'joined' | 'left', time: number): Telling {
  return { event, socket: newSocket(), path: aPath('/a%20b'), time, rounds: 0 };
}

async function begun(
  make: MakePresences,
  key: PresenceKey = { group: groupName('lobby'), subject: 'u:alice' },
) {
  const clock = new ManualClock();
  const presences = await make(clock);
  const lease = (forMs = leaseMs) => presences.lease(key, forMs);
  const pass = (ms: number) => clock.skipTo(clock.now() + ms);
  const departed = (at: number): Departure => ({ socket: newSocket(), path: aPath('/'), at });
  return { key, clock, presences, lease, pass, departed };
}

/** What is known, but for the departure. */
const withoutDeparture = ({ told, telling, sequence }: PresenceState) => ({ told, telling, sequence });

/** What every implementation of the port `Presences` keeps to. */
export function presencesContract(name: string, make: MakePresences): void {
  leaseContract(name, make);
  recheckContract(name, make);
  stateContract(name, make);
  departureContract(name, make);
}

function leaseContract(name: string, make: MakePresences): void {
  describe(`${name}: the lease of a subject in a group`, () => {
    test('is given for one that nobody knows, which has left', async () => {
      const { lease } = await begun(make);
      const { state } = leasedBy(await lease());
      expect(withoutDeparture(state)).toEqual({ told: undefined, telling: undefined, sequence: 0 });
    });

    test('is given to one worker, also of many that ask at the same moment', async () => {
      const { lease } = await begun(make);
      const kinds = (await Promise.all(Array.from({ length: 5 }, () => lease()))).map(({ kind }) => kind);
      expect(kinds.sort()).toEqual(['busy', 'busy', 'busy', 'busy', 'leased']);
    });

    test('holds until its time is over, and then belongs to who asks next', async () => {
      const { key, presences, lease, pass } = await begun(make);
      const first = leasedBy(await lease());
      pass(leaseMs - 1);
      expect(await lease(), 'a moment before').toEqual({ kind: 'busy', forMs: 1 });
      pass(1);
      const second = leasedBy(await lease());
      const state = { sequence: 1, telling: hookOf('joined', 1) };
      expect(await presences.set(key, first.token, state), 'by the first').toBe(false);
      await presences.release(key, first.token);
      expect((await lease()).kind, 'after a late release').toBe('busy');
      expect(await presences.set(key, second.token, state), 'by the second').toBe(true);
    });

    test('is free once it is released', async () => {
      const { key, presences, lease } = await begun(make);
      await presences.release(key, leasedBy(await lease()).token);
      expect((await lease()).kind).toBe('leased');
    });

    test('that is postponed is of nobody until then, and names the worker that postponed it', async () => {
      const { key, presences, lease, pass } = await begun(make);
      const { token } = leasedBy(await lease());
      const telling = hookOf('joined', 1);
      await presences.set(key, token, { sequence: 7, telling });
      await presences.release(key, token, 3_600_000);
      pass(3_600_000 - 1);
      expect(await lease(), 'a moment before').toEqual({ kind: 'postponed', token, forMs: 1 });
      expect(await presences.set(key, token, { sequence: 8 }), 'by its worker').toBe(false);
      await presences.release(key, token);
      expect((await lease()).kind, 'after a second release').toBe('postponed');
      pass(1);
      const next = leasedBy(await lease());
      expect(withoutDeparture(next.state)).toEqual({ told: undefined, telling, sequence: 7 });
      expect((await lease()).kind, 'after the next has taken it').toBe('busy');
      expect(await presences.set(key, next.token, { sequence: 7, told: telling }), 'by the next').toBe(true);
    });

    test('holds up no other subject, no other group, and no socket that is called like a user', async () => {
      const { presences, lease } = await begun(make);
      await lease();
      const socket = newSocket();
      const others: PresenceKey[] = [
        { group: groupName('lobby'), subject: 'u:bob' },
        { group: groupName('lobby2'), subject: 'u:alice' },
        { group: groupName('lobby'), subject: `u:${socket}` },
        { group: groupName('lobby'), subject: `s:${socket}` },
      ];
      for (const key of others)
        expect([key, (await presences.lease(key, leaseMs)).kind]).toEqual([key, 'leased']);
    });
  });
}

function recheckContract(name: string, make: MakePresences): void {
  describe(`${name}: a request to the holder of a lease to look again`, () => {
    test('goes to nobody if there is no lease: none, one that is released, over or postponed', async () => {
      const { key, presences, lease, pass } = await begun(make);
      const ask = () => presences.requestRecheck(key, 1);
      expect(await ask(), 'no lease').toEqual({ kind: 'free' });
      await presences.release(key, leasedBy(await lease()).token);
      expect(await ask(), 'released').toEqual({ kind: 'free' });
      await lease();
      pass(leaseMs);
      expect(await ask(), 'over').toEqual({ kind: 'free' });
      await presences.release(key, leasedBy(await lease()).token, leaseMs);
      expect(await ask(), 'postponed').toEqual({ kind: 'free' });
    });

    test('is taken by the holder, with the latest departure of all who asked, and what is known by then', async () => {
      const { key, presences, lease, departed } = await begun(make);
      const { token } = leasedBy(await lease());
      for (const waited of [7, hasNotWaited, 9, 8]) await presences.requestRecheck(key, waited);
      const told = hookOf('joined', 1_000);
      await presences.set(key, token, { told, sequence: 1_000 });
      const departure = departed(9);
      await presences.depart(key, departure);
      const recheck = await presences.releaseOrRecheck(key, token);
      expect(recheck?.waited).toBe(9);
      expect(recheck?.state).toMatchObject({ told, departure, sequence: 1_000 });
      expect((await lease()).kind, 'the lease goes on').toBe('busy');
      expect(await presences.releaseOrRecheck(key, token), 'nobody has asked since').toBeUndefined();
      expect((await lease()).kind, 'it is released').toBe('leased');
    });

    test('says who was the first under a lease, and for how long it lasts', async () => {
      const { key, presences, lease, pass } = await begun(make);
      const { token } = leasedBy(await lease());
      pass(1_000);
      const first = { kind: 'requested', isFirst: true, forMs: leaseMs - 1_000 };
      const later = { ...first, isFirst: false };
      expect(await presences.requestRecheck(key, 1), 'at first').toEqual(first);
      expect(await presences.requestRecheck(key, 1), 'as much again').toEqual(later);
      await presences.releaseOrRecheck(key, token);
      expect(await presences.requestRecheck(key, 2), 'after it was taken').toEqual(later);
      await presences.release(key, token);
      await lease();
      const next = { ...first, forMs: leaseMs };
      expect(await presences.requestRecheck(key, 3), 'under the next lease').toEqual(next);
    });

    test('is known to others who meet the lease, until it is taken', async () => {
      const { key, presences, lease } = await begun(make);
      const { token } = leasedBy(await lease());
      const met = async () => {
        const busy = await lease();
        return busy.kind === 'busy' ? busy.recheck : busy.kind;
      };
      expect(await met(), 'before').toBeUndefined();
      await presences.requestRecheck(key, 5);
      expect(await met()).toBe(5);
      await presences.releaseOrRecheck(key, token);
      expect(await met(), 'once it is taken').toBeUndefined();
    });

    test('has the first of many that ask at the same moment', async () => {
      const { key, presences, lease } = await begun(make);
      await lease();
      const asked = await Promise.all(Array.from({ length: 5 }, () => presences.requestRecheck(key, 1)));
      const firsts = asked.filter((one) => one.kind === 'requested' && one.isFirst);
      expect(firsts).toHaveLength(1);
    });

    test('does not reach one that has lost the lease, nor keep one from ending it in any case', async () => {
      const { key, presences, lease, pass } = await begun(make);
      const lost = leasedBy(await lease());
      pass(leaseMs);
      const { token } = leasedBy(await lease());
      await presences.requestRecheck(key, 1);
      expect(await presences.releaseOrRecheck(key, lost.token)).toBeUndefined();
      expect((await lease()).kind).toBe('busy');
      await presences.release(key, token);
      expect(leasedBy(await lease()).kind).toBe('leased');
    });
  });
}

function stateContract(name: string, make: MakePresences): void {
  describe(`${name}: what the app knows of a subject`, () => {
    test('is there for the next worker: what was told, what is being told, and its number', async () => {
      const { key, presences, lease } = await begun(make);
      const first = leasedBy(await lease());
      const [told, telling] = [hookOf('joined', 1_000), { ...hookOf('left', 2_000), rounds: 3 }];
      expect(await presences.set(key, first.token, { told, sequence: 1_000 })).toBe(true);
      expect(await presences.set(key, first.token, { told, telling, sequence: 2_000 })).toBe(true);
      await presences.release(key, first.token);
      const second = leasedBy(await lease());
      expect(withoutDeparture(second.state), 'while it is told').toEqual({ told, telling, sequence: 2_000 });
      expect(await presences.set(key, second.token, { told: telling, sequence: 2_000 })).toBe(true);
      const joined = hookOf('joined', 3_000);
      expect(await presences.set(key, second.token, { told: joined, sequence: 3_000 })).toBe(true);
      await presences.release(key, second.token);
      const { state } = leasedBy(await lease());
      expect(withoutDeparture(state), 'later').toEqual({ told: joined, telling: undefined, sequence: 3_000 });
    });

    test('of the longest names, in any characters, is kept apart from every other', async () => {
      const long = '\u{10ffff}'.repeat(limits.groupBytes / 4);
      const key: PresenceKey = { group: groupName(long), subject: `u:${'\uffff#'.repeat(64)}` };
      const { presences, lease } = await begun(make, key);
      const { token } = leasedBy(await lease());
      const telling = hookOf('joined', 1);
      expect(await presences.set(key, token, { telling, sequence: 1 })).toBe(true);
      await presences.release(key, token);
      expect(leasedBy(await lease()).state.telling).toEqual(telling);
    });
  });
}

function departureContract(name: string, make: MakePresences): void {
  describe(`${name}: the departure of a subject`, () => {
    test('is the latest that was noted, in whatever order they come', async () => {
      const { key, presences, departed } = await begun(make);
      expect(await presences.departure(key), 'before').toBeUndefined();
      const [early, late] = [departed(1_000), departed(2_000)];
      await presences.depart(key, early);
      expect(await presences.departure(key), 'at first').toEqual(early);
      await presences.depart(key, late);
      await presences.depart(key, early);
      expect(await presences.departure(key), 'after both').toEqual(late);
    });

    test('can be noted under a lease of another, and outlives what that sets', async () => {
      const { key, presences, lease, departed } = await begun(make);
      const { token, state } = leasedBy(await lease());
      const departure = departed(1_000);
      await presences.depart(key, departure);
      const telling = hookOf('joined', 500);
      expect(await presences.set(key, token, { ...state, telling, sequence: 500 }), 'the lease').toBe(true);
      expect(await presences.departure(key)).toEqual(departure);
      await presences.release(key, token);
      expect(leasedBy(await lease()).state).toMatchObject({ departure, telling });
    });
  });
}
