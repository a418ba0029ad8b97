import type { Gateway, Policy } from '../gateway.ts';
import { wantsPresence } from '../presence-changes.ts';
import {
  type Departure,
  hasNotWaited,
  type PresenceLease,
  type PresenceState,
  type Recheck,
  subjectOf,
  type Telling,
  userOf,
} from '../presences.ts';
import type { SocketRecord } from '../record.ts';
import type { PresenceTask } from '../tasks.ts';
import { hookFacts } from './hook-facts.ts';
import { isHeld, isUnposted, keepDeadLetter } from './hook-failed.ts';
import { presenceHook } from './hooks.ts';
import { timeLeft } from './next-try.ts';
import { postOwedHook } from './post-hook-with-retries.ts';
import { pauseBetweenRounds } from './postpone-closed.ts';
import { recordOf } from './retry.ts';
import { runActions } from './run-actions.ts';

/** How far the clocks of two workers may be apart, in milliseconds. */
const skewMs = 1_000;

/**
 * Runs a `presence` task: compares what the app was told of a subject in a group with who is there, and tells it what has
 * changed, one hook after another, until nothing has. It is level-triggered: what came and went in between is not told,
 * and a task too many does no harm.
 */
export async function presence(gateway: Gateway, task: PresenceTask): Promise<void> {
  // It was queued before presence was switched off.
  if (!wantsPresence(gateway)) return;
  const { presences, tasks, policy } = gateway;
  const leased = await presences.lease(task, leaseMsOf(policy));
  if (leased.kind === 'busy') return leaveToHolder(gateway, task, leased.recheck);
  if (leased.kind === 'leased') return tellWhileAsked(gateway, task, leased);
  if (leased.token === task.after) await tasks.enqueue(task, leased.forMs);
}

/**
 * Has the holder of the lease look again, which may have looked before this change. So of many tasks that come together one
 * does the work of all. The first to ask queues a task that comes once the lease has ended, in case its holder dies. If
 * this run dies before it has done so, its own task comes again.
 */
async function leaveToHolder(
  gateway: Gateway,
  task: PresenceTask,
  recheck = hasNotWaited - 1,
): Promise<void> {
  const { presences, registry, tasks, policy } = gateway;
  const { socket, waited = hasNotWaited } = task;
  // The holder looks at its own socket. One that waits for its departure was accepted before.
  if (task.waited === undefined) await lookAtNamedUser(gateway, task, await registry.get(socket));
  if (recheck >= waited) return;
  const request = await presences.requestRecheck(task, waited);
  if (request.kind === 'free') return tasks.enqueue(task);
  if (request.isFirst && policy.untoldMs !== undefined)
    await tasks.enqueue({ ...task, after: undefined }, request.forMs + skewMs);
}

/** Tells under a lease what has changed, until no other task has asked for more. */
async function tellWhileAsked(
  gateway: Gateway,
  task: PresenceTask,
  { token, state }: Pick<Extract<PresenceLease, { kind: 'leased' }>, 'token' | 'state'>,
): Promise<void> {
  const { presences, tasks, clock, deadline } = gateway;
  let now: Recheck = { waited: task.waited ?? hasNotWaited, state };
  let postponeMs: number | undefined;
  let isReleased = false;
  try {
    for (;;) {
      const left = await tellChanges(gateway, { ...task, waited: now.waited }, token, now.state);
      postponeMs = left && 'postponeMs' in left ? left.postponeMs : undefined;
      if (postponeMs !== undefined) return;
      // Each time, since where a subject has one task at a time, another may have come in place of the one before.
      if (left && 'since' in left)
        await tasks.enqueue({ ...task, after: undefined, waited: left.since }, left.forMs);
      const next = await presences.releaseOrRecheck(task, token);
      isReleased = next === undefined;
      if (next === undefined) return;
      if (clock.monotonic() >= deadline)
        return await tasks.enqueue({ ...task, after: undefined, waited: next.waited });
      now = next;
    }
  } finally {
    if (!isReleased) await presences.release(task, token, postponeMs);
  }
}

/**
 * Where no run can die alone, a lease ends only with its run. The app may take longer for a hook than another's lease
 * lasts, and then nobody would go on with what it did not take.
 */
function leaseMsOf({ untoldMs, leaseMs }: Policy): number {
  return untoldMs === undefined ? Number.POSITIVE_INFINITY : leaseMs;
}

/** Tells until nothing has changed. Returns what is left to do later, if anything is. */
async function tellChanges(
  gateway: Gateway,
  task: PresenceTask,
  token: string,
  known: PresenceState,
): Promise<Wait | Postponed | undefined> {
  const { presences, tasks } = gateway;
  let state = known;
  for (;;) {
    const next: Telling | Wait | undefined = state.telling ?? (await changeOf(gateway, task, state));
    if (next === undefined || 'forMs' in next) return next;
    if (state.telling === undefined) {
      const sequence = Math.max(state.sequence + 1, gateway.clock.now());
      state = { ...state, sequence, telling: next };
      if (!(await presences.set(task, token, state))) return undefined;
    }
    const failed = await tell(gateway, task, state, next);
    if (failed !== undefined) {
      const { rounds, pause } = failed;
      if (!(await presences.set(task, token, { ...state, telling: { ...next, rounds } }))) return undefined;
      // Before it is postponed, so that one of the two always holds what is owed.
      await tasks.enqueue({ ...task, after: token }, pause);
      return { postponeMs: pause };
    }
    state = { ...state, told: next, telling: undefined };
    if (!(await presences.set(task, token, state))) return undefined;
  }
}

/** When to look again at a subject that may still come back, in milliseconds, and the time of its departure. */
interface Wait {
  readonly forMs: number;
  readonly since: number;
}

/** The app could not be told. The task that goes on after this many milliseconds is queued. */
interface Postponed {
  readonly postponeMs: number;
}

/** What to tell, or when to look again; undefined for nothing. */
async function changeOf(
  gateway: Gateway,
  task: PresenceTask,
  { told }: PresenceState,
): Promise<Telling | Wait | undefined> {
  const { presences, clock, settings } = gateway;
  const { here, ended } = await socketsOf(gateway, task);
  const time = clock.now();
  if (here !== undefined)
    return told?.event === 'joined' ? undefined : { event: 'joined', ...placeOf(here), time, rounds: 0 };
  if (told?.event !== 'joined') return undefined;
  // Read after the subject was seen to be absent: what took it away had noted its departure before, or its record is still
  // closing, and whoever has its closed hook is about to.
  const departure = latest(await presences.departure(task), ended);
  const since = departure?.at ?? 0;
  // Only a task that has waited for the last departure tells it. To others, the clock may have been set back, and the
  // departure is in the future.
  if ((task.waited ?? hasNotWaited) < since) {
    const wait = since + settings.presenceGraceMs - time;
    const isOver = wait <= 0 || wait > settings.presenceGraceMs;
    return { forMs: isOver ? settings.presenceGraceMs : wait, since };
  }
  return { event: 'left', ...placeOf(departure ?? told), time, rounds: 0 };
}

function placeOf({ socket, path }: Pick<Telling, 'socket' | 'path'>): Pick<Telling, 'socket' | 'path'> {
  return { socket, path };
}

/** The sockets of a subject in a group. */
interface Sockets {
  /** One that is there. */
  readonly here?: SocketRecord;
  /** If none is, the end of the last one whose closed hook is still owed. */
  readonly ended?: Departure | undefined;
}

/** Looks for the socket that has just joined first, then for another one. */
async function socketsOf(gateway: Gateway, task: PresenceTask): Promise<Sockets> {
  const { registry } = gateway;
  const { group, subject, socket } = task;
  const isIn = (record: SocketRecord): boolean =>
    record.acceptedAt > 0 && record.groups.includes(group) && subjectOf(record) === subject;
  const known = await registry.get(socket);
  if (known !== undefined && isIn(known) && known.status !== 'closing') return { here: known };
  await lookAtNamedUser(gateway, task, known);
  let ended = known && isIn(known) ? endOf(known) : undefined;
  const user = userOf(subject);
  if (user === '') return { ended };
  for await (const { records } of registry.pages({ group, user, ended: true })) {
    const found = records.filter(isIn);
    const here = found.find(({ status }) => status !== 'closing');
    if (here !== undefined) return { here };
    ended = found.map(endOf).reduce(latest, ended);
  }
  return { ended };
}

/** The socket of a task was opening when that was queued, and the app has named its user since. */
async function lookAtNamedUser(
  { tasks }: Gateway,
  task: PresenceTask,
  known: SocketRecord | undefined,
): Promise<void> {
  if (known !== undefined && known.acceptedAt > 0 && subjectOf(known) !== task.subject)
    await tasks.enqueue({ ...task, subject: subjectOf(known), after: undefined, waited: undefined });
}

function endOf({ socket, path, end }: SocketRecord): Departure | undefined {
  return end && { socket, path, at: end.time };
}

function latest(one: Departure | undefined, other: Departure | undefined): Departure | undefined {
  return one === undefined || (other !== undefined && other.at > one.at) ? other : one;
}

/**
 * Posts the hook. Undefined once the app has heard it, or it is a dead letter; else how many rounds of attempts have
 * failed, and for how many milliseconds to postpone it. The app may be told `left` of a user whom it was never told to
 * have joined, if that hook was a dead letter.
 */
async function tell(
  gateway: Gateway,
  task: PresenceTask,
  { sequence }: PresenceState,
  telling: Telling,
): Promise<{ readonly rounds: number; readonly pause: number } | undefined> {
  const { log, policy } = gateway;
  const hook = presenceHook(task, telling, sequence);
  const answer = await postOwedHook(gateway, hook, telling.rounds > 0);
  const { time } = telling;
  const rounds = telling.rounds + (answer.kind !== 'accepted' && isUnposted(answer) ? 0 : 1);
  const left = timeLeft(time, policy.closedRetryWindowMs, gateway);
  if (answer.kind === 'failed' && left > 0) {
    const pause = Math.min(left, pauseBetweenRounds(gateway, rounds, answer));
    const facts = { ...hookFacts(hook), why: answer.why };
    // As of closed hooks.
    if (!isHeld(answer) || policy.looksCost)
      log.warn('hook_postponed', { ...facts, attempts: rounds, pause });
    return { rounds, pause };
  }
  const tries = { since: time, attempts: rounds, errors: 0 };
  if (answer.kind === 'failed' || answer.kind === 'refused')
    await keepDeadLetter(gateway, { hook, groupsVersion: 0, tries }, answer);
  if (answer.kind === 'accepted') await runActions(gateway, hook, answer.actions, recordOf(hook, 0));
  return undefined;
}
