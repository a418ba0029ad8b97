import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { BreakerState } from '../breaker.ts';

/** How many hooks in a row, of how many sockets, open the breaker. No client can open it with one socket. */
const opening = { failures: 20, sockets: 5 };

/** The pauses between probes, in milliseconds. */
const pausesMs = { first: 1_000, longest: 30_000 };

/** Whether hooks are held, or at times one of them probes. */
export function isOpen({ openedAt }: BreakerState): boolean {
  return openedAt > 0;
}

/** For how many milliseconds hooks are held from now on; 0 if they are not, or if one may probe. */
export function heldFor(state: BreakerState, now: number, leaseMs: number): number {
  const left = state.heldUntil - now;
  // Nobody holds hooks for longer, so a clock has been set back.
  return isOpen(state) && left <= Math.max(pausesMs.longest, leaseMs) ? Math.max(0, left) : 0;
}

/** How long a probe is left to others at most, in milliseconds, in case any of their hooks are held. */
const turnMs = 10_000;

/**
 * The same for a handshake. A client can make as many as it likes, and might win every probe with one that the app
 * never answers. So every second probe is left to the hooks of sockets that are open, for a while.
 */
export function handshakeHeldFor(state: BreakerState, now: number, leaseMs: number): number {
  const held = heldFor(state, now, leaseMs);
  if (held > 0 || !isOpen(state) || state.probes % 2 === 0) return held;
  return turnLeft(state, now, turnMs);
}

/**
 * The same for a hook of an open socket. The app may be away for that socket alone, and its hooks must not win every
 * probe either. So those of sockets whose hooks were not answered leave each probe to others, for as long as the pause
 * before it took, and at most as long as a handshake does.
 */
export function hookHeldFor(state: BreakerState, socket: SocketId, now: number, leaseMs: number): number {
  const held = heldFor(state, now, leaseMs);
  if (held > 0 || !isOpen(state) || !state.sockets.includes(socket)) return held;
  return turnLeft(state, now, Math.min(turnMs, backoff(state.probes + 1, pausesMs)));
}

/** What is left of a turn that others have after a pause. If more is left than all of it, a clock has been set back. */
function turnLeft({ heldUntil }: BreakerState, now: number, turnMs: number): number {
  const left = heldUntil + turnMs - now;
  return left <= turnMs ? Math.max(0, left) : 0;
}

/** One hook probes, and holds all others until it is answered or `leaseMs` milliseconds are over. */
export function afterProbeBegan(state: BreakerState, now: number, leaseMs: number): BreakerState {
  return { ...state, version: state.version + 1, heldUntil: now + leaseMs, probes: state.probes + 1 };
}

/** The app has answered, whatever it was. The same state if there is nothing to change. */
export function afterAnswer(state: BreakerState): BreakerState {
  if (state.failures === 0 && !isOpen(state)) return state;
  const { version } = state;
  return {
    version: version + 1,
    failures: 0,
    sockets: [],
    failingSince: 0,
    openedAt: 0,
    heldUntil: 0,
    probes: 0,
  };
}

/**
 * The app has not answered a hook. The breaker opens when that has happened too often in a row; if it is open, only
 * a probe counts. The same state if there is nothing to change. `random` is from 0 up to 1. `heardWithinMs`: as that of
 * the breaker.
 */
export function afterFailure(
  state: BreakerState,
  { socket, isProbe }: { readonly socket: SocketId; readonly isProbe: boolean },
  now: number,
  random: number,
  heardWithinMs = 0,
): BreakerState {
  const version = state.version + 1;
  if (isOpen(state)) {
    if (!isProbe) return state;
    const others = state.sockets.filter((known) => known !== socket);
    const sockets = [...others, socket].slice(-opening.sockets);
    return { ...state, version, sockets, heldUntil: now + pauseBefore(state.probes + 1, random) };
  }
  const failures = Math.min(opening.failures, state.failures + 1);
  const isKnown = state.sockets.length >= opening.sockets || state.sockets.includes(socket);
  const sockets = isKnown ? state.sockets : [...state.sockets, socket];
  const failingSince = state.failures === 0 ? now : state.failingSince;
  const counted = { ...state, version, failures, sockets, failingSince };
  if (mayOpen(counted, now, heardWithinMs)) return opened(counted, now, random);
  // While one socket alone fails, or the time is not over, there is nothing more to count.
  return failures === state.failures && isKnown ? state : counted;
}

/**
 * The app has not answered a hook that had failed before. That does not count. But nobody else may come by if enough
 * have failed and the time in which an answer would have been heard of is over, so the breaker opens then.
 */
export function afterRepeatedFailure(
  state: BreakerState,
  now: number,
  random: number,
  heardWithinMs: number,
): BreakerState {
  if (isOpen(state) || !mayOpen(state, now, heardWithinMs)) return state;
  return opened({ ...state, version: state.version + 1 }, now, random);
}

function mayOpen({ failures, sockets, failingSince }: BreakerState, now: number, heardWithinMs: number) {
  if (failures < opening.failures || sockets.length < opening.sockets) return false;
  const lasted = now - failingSince;
  // The clocks of two machines are a little apart. If it is far below zero, one has been set back.
  return lasted < -heardWithinMs || lasted >= heardWithinMs;
}

function opened(counted: BreakerState, now: number, random: number): BreakerState {
  return { ...counted, openedAt: now, heldUntil: now + pauseBefore(1, random), probes: 0 };
}

function pauseBefore(probe: number, random: number): number {
  return Math.ceil(halfJitter(backoff(probe, pausesMs), random));
}
