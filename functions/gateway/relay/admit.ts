import { type AppResponse, isAwayStatus } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import type { BreakerState } from '../breaker.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import {
  afterAnswer,
  afterFailure,
  afterProbeBegan,
  afterRepeatedFailure,
  handshakeHeldFor,
  hookHeldFor,
  isOpen,
} from './circuit.ts';
import { waitAtMost } from './wait-at-most.ts';

/** Whether a hook may be posted. */
export type Admission =
  | { readonly kind: 'post' | 'probe' }
  /** The app is away. `forMs`: how long hooks are held from now on. `outageMs`: how long they have been held so far. */
  | { readonly kind: 'held'; readonly forMs: number; readonly outageMs: number };

/** A hook that is to be posted. */
type Asking = Pick<Hook, 'event' | 'socket'>;

const post: Admission = { kind: 'post' };

/** What a probe may take beside its hook's own time, in milliseconds. */
const marginMs = 2_000;

/** How long hooks are held that met a probe which had just begun, in milliseconds. */
const metProbeMs = 1_000;

/** How long before the end of a run nothing is waited for, in milliseconds: the rest is for keeping a hook that failed. */
const reserveMs = 500;

/** How often a change is tried that others get ahead of. More tries open the breaker no sooner: somebody got ahead. */
const maxChanges = 2;

/** Asks the circuit breaker whether a hook may be posted. If its pause is over, this hook probes. */
export function admit(gateway: Gateway, hook: Asking): MaybePromise<Admission> {
  const state = gateway.breaker.state();
  if (state instanceof Promise) return admitBy(gateway, hook, state);
  return isOpen(state) ? admitBy(gateway, hook, state) : post;
}

/** How long a handshake would be held, in milliseconds; 0 if it may go on. It takes no probe away from others. */
export async function heldNow(gateway: Gateway): Promise<number> {
  const { breaker, clock } = gateway;
  const found = breaker.state();
  const state = found instanceof Promise ? await found.catch(() => undefined) : found;
  const forMs = state === undefined ? 0 : handshakeHeldFor(state, clock.now(), leaseMsOf(gateway));
  if (forMs > 0) breaker.held.handshakes += 1;
  return forMs;
}

/**
 * Tells the circuit breaker what has come of a post. A hook that failed before does not count if it fails again, or the
 * slow hooks of a few clients would open the breaker. It counts as a probe.
 */
export function observe(
  gateway: Gateway,
  { socket, isRetry = false }: Pick<Hook, 'socket'> & { readonly isRetry?: boolean },
  admission: Admission,
  response: AppResponse,
): MaybePromise<void> {
  const { breaker, clock, deadline } = gateway;
  // It says nothing of the app. If it was a probe, its lease ends, and another follows.
  if (response.kind === 'unreachable' && response.isOurs) return;
  const isProbe = admission.kind === 'probe';
  let next = afterAnswer;
  if (!isAnswered(response)) {
    const random = clock.random();
    const { heardWithinMs } = breaker;
    next = (before) =>
      isRetry && !isProbe
        ? afterRepeatedFailure(before, clock.now(), random, heardWithinMs)
        : afterFailure(before, { socket, isProbe }, clock.now(), random, heardWithinMs);
  }
  const state = breaker.state();
  if (!(state instanceof Promise) && next === afterAnswer && next(state) === state) return;
  // Best effort: a hook that failed has to be kept in time.
  return waitAtMost(clock, deadline - clock.monotonic() - reserveMs, change(gateway, state, response, next));
}

async function admitBy(
  gateway: Gateway,
  { event, socket }: Asking,
  pending: MaybePromise<BreakerState>,
): Promise<Admission> {
  const { breaker, clock, log } = gateway;
  try {
    const state = await pending;
    if (!isOpen(state)) return post;
    const now = clock.now();
    const leaseMs = leaseMsOf(gateway);
    const held = hookHeldFor(state, socket, now, leaseMs);
    if (held === 0 && (await breaker.change(afterProbeBegan(state, now, leaseMs)))) return { kind: 'probe' };
    if (event === 'handshake') breaker.held.handshakes += 1;
    else breaker.held.hooks += 1;
    return { kind: 'held', forMs: held || metProbeMs, outageMs: Math.max(0, now - state.openedAt) };
  } catch (error) {
    // A breaker that can't be asked holds nothing.
    log.warnOnce('breaker_unknown', { why: String(error) });
    return post;
  }
}

/** Changes the state by `next`, even if others change it at the same time. Best effort: the next hook tries again. */
async function change(
  gateway: Gateway,
  found: MaybePromise<BreakerState>,
  response: AppResponse,
  next: (state: BreakerState) => BreakerState,
): Promise<void> {
  const { breaker, log } = gateway;
  try {
    for (let tries = 1; tries <= maxChanges; tries++) {
      const before = await (tries === 1 ? found : breaker.state());
      const after = next(before);
      if (after === before) return;
      if (!(await breaker.change(after))) continue;
      logChange(gateway, before, after, response);
      return;
    }
  } catch (error) {
    log.warnOnce('breaker_unknown', { why: String(error) });
  }
}

function logChange(
  { breaker, clock, log }: Gateway,
  before: BreakerState,
  after: BreakerState,
  response: AppResponse,
): void {
  const { held } = breaker;
  if (isOpen(after) && !isOpen(before)) {
    Object.assign(held, { hooks: 0, handshakes: 0, dead: 0, lost: 0 });
    const { failures, sockets, heldUntil } = after;
    const pause = heldUntil - clock.now();
    log.error('breaker_opened', { failures, sockets: sockets.length, why: silenceOf(response), pause });
  }
  if (isOpen(before) && !isOpen(after)) {
    const seconds = Math.max(0, Math.round((clock.now() - before.openedAt) / 1_000));
    log.warn('breaker_closed', { seconds, probes: before.probes, ...held, waiting: breaker.waiting?.() });
  }
}

/** Whether this is the app, or a proxy that speaks for it. */
export function isAnswered(response: AppResponse): boolean {
  return response.kind === 'response' && !isAwayStatus(response.status);
}

/** Why a response is no answer of the app, in words. */
export function silenceOf(response: AppResponse): string {
  switch (response.kind) {
    case 'response':
      return `the app answered ${response.status}`;
    case 'timeout':
      return 'the app did not answer in time';
    default:
      return response.why;
  }
}

function leaseMsOf({ settings }: Gateway): number {
  return settings.hookTimeoutMs + marginMs;
}
