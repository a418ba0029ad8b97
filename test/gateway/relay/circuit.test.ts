import { describe, expect, test } from 'vitest';
import { type BreakerState, untouched } from '../../../functions/gateway/breaker.ts';
import {
  afterAnswer,
  afterFailure,
  afterProbeBegan,
  afterRepeatedFailure,
  handshakeHeldFor,
  heldFor,
  hookHeldFor,
  isOpen,
} from '../../../functions/gateway/relay/circuit.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { newSocket } from '../../fakes/a-record.ts';

const now = 1_764_000_000_000;
const leaseMs = 12_000;
const sockets = Array.from({ length: 30 }, () => newSocket());

/** The state after failures of these sockets, one after another. */
function failed(of: readonly SocketId[], from: BreakerState = untouched, random = 0.5): BreakerState {
  return of.reduce((state, socket) => afterFailure(state, { socket, isProbe: false }, now, random), from);
}

/** This many failures of this many sockets, in turn. */
function failures(count: number, of: number): BreakerState {
  return failed(Array.from({ length: count }, (_, at) => sockets[at % of] ?? newSocket()));
}

const open = failures(20, 5);

/** The open state after a probe has begun and failed. */
function probed(state: BreakerState, random: number, at = now): BreakerState {
  const begun = afterProbeBegan(state, at, leaseMs);
  return afterFailure(begun, { socket: newSocket(), isProbe: true }, at, random);
}

describe('the circuit breaker opens', () => {
  test('after 20 failures in a row of 5 sockets, and not after 19', () => {
    expect(isOpen(failures(19, 5)), '19 failures').toBe(false);
    expect(isOpen(failures(20, 5)), '20 failures').toBe(true);
    expect(failures(20, 5)).toMatchObject({ failures: 20, openedAt: now, probes: 0 });
  });

  test('with the fifth socket, and not with four', () => {
    const four = failures(100, 4);
    expect(isOpen(four), 'four sockets').toBe(false);
    expect(isOpen(failed([sockets[5] ?? newSocket()], four)), 'a fifth').toBe(true);
  });

  test('never for one socket alone, whose failures are not even written once they are 20', () => {
    const many = failures(20, 1);
    expect(isOpen(many)).toBe(false);
    expect(failures(1_000, 1), 'no change more than after 20').toEqual(many);
  });

  test('only if no answer came between the failures', () => {
    const answered = afterAnswer(failures(19, 5));
    expect(isOpen(failed(sockets.slice(0, 19), answered)), '19 more').toBe(false);
    expect(isOpen(failed(sockets.slice(0, 20), answered)), '20 more').toBe(true);
  });

  test('only once they have gone on for as long as an answer may stay unheard, and not a millisecond sooner', () => {
    const unheardMs = 6_000;
    const failedAt = (ms: number, from: BreakerState): BreakerState =>
      sockets.reduce(
        (state, socket) => afterFailure(state, { socket, isProbe: false }, now + ms, 0.5, unheardMs),
        from,
      );
    const begun = failedAt(0, untouched);
    expect(begun, 'thirty at once').toMatchObject({ failures: 20, failingSince: now, openedAt: 0 });
    const waiting = failedAt(unheardMs - 1, begun);
    expect(waiting, 'nothing is written meanwhile').toBe(begun);
    expect(failedAt(unheardMs, waiting)).toMatchObject({ failures: 20, openedAt: now + unheardMs });
    expect(isOpen(failedAt(-unheardMs, begun)), 'by a clock that is late').toBe(false);
    expect(isOpen(failedAt(-unheardMs - 1, begun)), 'after a clock was set back').toBe(true);
    const answered = afterAnswer(waiting);
    expect(failedAt(unheardMs, answered), 'after an answer').toMatchObject({
      failingSince: now + unheardMs,
      openedAt: 0,
    });
  });

  test('by a hook that fails again once that time is over, if enough have failed for the first time', () => {
    const unheardMs = 6_000;
    const again = (state: BreakerState, ms: number) => afterRepeatedFailure(state, now + ms, 0.5, unheardMs);
    const fail = (count: number, of: number): BreakerState =>
      Array.from({ length: count }, (_, at) => sockets[at % of] ?? newSocket()).reduce(
        (state, socket) => afterFailure(state, { socket, isProbe: false }, now, 0.5, unheardMs),
        untouched,
      );
    const enough = fail(20, 5);
    expect(again(enough, unheardMs - 1), 'a millisecond sooner').toBe(enough);
    expect(again(enough, unheardMs)).toMatchObject({
      version: enough.version + 1,
      openedAt: now + unheardMs,
    });
    for (const few of [untouched, fail(19, 5), fail(20, 4)])
      expect(again(few, unheardMs), `${few.failures} of ${few.sockets.length} sockets`).toBe(few);
    const open = again(enough, unheardMs);
    expect(again(open, 2 * unheardMs), 'while it is open').toBe(open);
  });

  test('and remembers five sockets at most, however many fail', () => {
    expect(failed(sockets).sockets).toEqual(sockets.slice(0, 5));
  });
});

describe('while the circuit breaker is open', () => {
  test('hooks are held until the pause is over, and not longer', () => {
    const { heldUntil } = open;
    expect(heldFor(open, heldUntil - 1, leaseMs), 'a millisecond before').toBe(1);
    expect(heldFor(open, heldUntil, leaseMs), 'then').toBe(0);
    expect(heldFor(afterAnswer(open), now, leaseMs), 'closed').toBe(0);
  });

  test('the pauses before the probes grow from a second to half a minute, less up to half by chance', () => {
    const pauses = (random: number) => {
      let state = failed(sockets.slice(0, 20), untouched, random);
      return Array.from({ length: 8 }, () => {
        const pause = state.heldUntil - now;
        state = probed(state, random);
        return pause;
      });
    };
    expect(pauses(0), 'the shortest').toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    expect(pauses(0.999_999), 'the longest').toEqual([1, 2, 4, 8, 16, 30, 30, 30].map((s) => s * 1_000));
  });

  test('a probe holds all others while it runs, and they may probe if it never ends', () => {
    const at = open.heldUntil;
    const begun = afterProbeBegan(open, at, leaseMs);
    expect(begun).toMatchObject({ version: open.version + 1, probes: 1, openedAt: open.openedAt });
    expect(heldFor(begun, at + leaseMs - 1, leaseMs), 'a millisecond before its lease ends').toBe(1);
    expect(heldFor(begun, at + leaseMs, leaseMs), 'when it ends').toBe(0);
  });

  test('hooks that were posted before it opened and fail change nothing', () => {
    expect(failed([newSocket()], open)).toBe(open);
  });

  test.for([
    ['a clock that is set back by an hour', now - 3_600_000],
    ['a clock that is set on by an hour', now + 3_600_000],
  ] as const)('%s lets a hook probe at once', ([, at]) => {
    expect(heldFor(open, at, leaseMs)).toBe(0);
  });

  test('a lease that is longer than the longest pause is believed', () => {
    const longest = 62_000;
    const begun = afterProbeBegan(open, now, longest);
    expect(heldFor(begun, now, longest)).toBe(longest);
    expect(heldFor(begun, now - 1, longest), 'longer than anybody can have meant').toBe(0);
  });
});

describe('an answer', () => {
  test('closes the breaker and forgets all failures', () => {
    const { version } = probed(open, 0.5);
    expect(afterAnswer(probed(open, 0.5))).toEqual({ ...untouched, version: version + 1 });
    expect(afterAnswer(failures(3, 2))).toEqual({ ...untouched, version: 4 });
  });

  test('changes nothing if nothing has failed', () => {
    expect(afterAnswer(untouched)).toBe(untouched);
  });
});

describe('after it has closed', () => {
  const closed = afterAnswer(probed(probed(open, 0.5), 0.5));
  const [first = newSocket()] = sockets;

  test('the breaker opens for nothing less than before it opened for the first time', () => {
    const four = Array.from({ length: 100 }, (_, at) => sockets[at % 4] ?? first);
    expect(isOpen(failed(four, closed)), '100 failures of 4 sockets').toBe(false);
    expect(isOpen(failed(sockets.slice(0, 19), closed)), '19 failures of 19 sockets').toBe(false);
    expect(isOpen(failed(sockets.slice(0, 20), closed)), '20 failures of 20 sockets').toBe(true);
  });

  test('the hooks of one client alone never open it again', () => {
    expect(
      isOpen(
        failed(
          Array.from({ length: 1_000 }, () => first),
          closed,
        ),
      ),
    ).toBe(false);
  });

  test('a probe that fails late opens nothing', () => {
    expect(isOpen(afterFailure(closed, { socket: first, isProbe: true }, now, 0.5))).toBe(false);
  });
});

describe('a socket whose hooks are not answered', () => {
  const suspect = newSocket();
  const probedBy = (socket: SocketId, state: BreakerState) =>
    afterFailure(afterProbeBegan(state, now, leaseMs), { socket, isProbe: true }, now, 0.5);
  const heldAt = (state: BreakerState, socket: SocketId, after: number) =>
    hookHeldFor(state, socket, state.heldUntil + after, leaseMs);

  test('leaves each probe to others for as long as the pause, and at most for ten seconds', () => {
    let state = open;
    const turns = Array.from({ length: 7 }, () => {
      state = probedBy(suspect, state);
      expect(heldAt(state, newSocket(), 0), 'another socket').toBe(0);
      expect(heldAt(state, suspect, -1), 'before the pause ends').toBe(1);
      const turn = heldAt(state, suspect, 0);
      expect(heldAt(state, suspect, turn - 1), 'just before its turn').toBe(1);
      expect(heldAt(state, suspect, turn), 'in its turn').toBe(0);
      return turn;
    });
    expect(turns).toEqual([2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]);
  });

  test('is one of those that opened the breaker, or of the last five whose probes failed', () => {
    for (const socket of sockets.slice(0, 5)) expect(heldAt(open, socket, 0), socket).toBe(1_000);
    const probes = [suspect, ...sockets.slice(10, 14)];
    const five = probes.reduce((state, socket) => probedBy(socket, state), open);
    expect(five.sockets).toEqual(probes);
    expect(probedBy(suspect, five).sockets, 'the same once more').toEqual([...probes.slice(1), suspect]);
    expect(probedBy(newSocket(), five).sockets, 'a sixth').not.toContain(suspect);
  });

  test('is not held by a breaker that is closed, or by a clock that was set back', () => {
    expect(hookHeldFor(failures(3, 3), sockets[0] ?? suspect, now, leaseMs), 'closed').toBe(0);
    expect(heldAt(open, sockets[0] ?? suspect, -3_600_000), 'an hour back').toBe(0);
  });
});

describe('a handshake', () => {
  test('may be the first probe', () => {
    expect(handshakeHeldFor(open, open.heldUntil - 1, leaseMs), 'before the pause ends').toBe(1);
    expect(handshakeHeldFor(open, open.heldUntil, leaseMs), 'when it ends').toBe(0);
  });

  test('leaves every second probe to the hooks of open sockets, for ten seconds', () => {
    const once = probed(open, 0.5);
    expect(heldFor(once, once.heldUntil, leaseMs), 'other hooks').toBe(0);
    expect(handshakeHeldFor(once, once.heldUntil - 1, leaseMs), 'before the pause ends').toBe(1);
    expect(handshakeHeldFor(once, once.heldUntil, leaseMs), 'when it ends').toBe(10_000);
    expect(handshakeHeldFor(once, once.heldUntil + 9_999, leaseMs), 'just before its turn').toBe(1);
    expect(handshakeHeldFor(once, once.heldUntil + 10_000, leaseMs), 'in its turn').toBe(0);
    const twice = probed(once, 0.5, once.heldUntil);
    expect(handshakeHeldFor(twice, twice.heldUntil, leaseMs), 'the third probe').toBe(0);
  });

  test('is not held by a breaker that is closed, or by a clock that was set back', () => {
    expect(handshakeHeldFor(untouched, now, leaseMs), 'closed').toBe(0);
    const once = probed(open, 0.5);
    expect(handshakeHeldFor(once, once.heldUntil - 3_600_000, leaseMs), 'an hour back').toBe(0);
  });
});
