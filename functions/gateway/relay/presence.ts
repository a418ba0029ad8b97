import type { Gateway, Policy } from '../gateway.ts';
import { wantsPresence } from '../presence-changes.ts';
import { type Departure, type PresenceState, subjectOf, type Telling, userOf } from '../presences.ts';
import type { SocketRecord } from '../record.ts';
import type { PresenceTask } from '../tasks.ts';
import { hookFacts } from './hook-facts.ts';
import { isHeld, keepDeadLetter } from './hook-failed.ts';
import { presenceHook } from './hooks.ts';
import { postOwedHook } from './post-hook-with-retries.ts';
import { pauseBetweenRounds } from './postpone-closed.ts';
import { recordOf } from './retry.ts';
import { runActions } from './run-actions.ts';

/** How long a task waits that meets another's lease, in milliseconds, before it looks again. */
const longestWaitMs = 5_000;

/** A task that its queue is about to give up comes again after this pause, in milliseconds, for at least a day. */
const renewal = { pauseMs: 900_000, most: 96 };

/**
 * Runs a `presence` task: compares what the app was told of a subject in a group with who is there, and tells it what has
 * changed, one hook after another, until nothing has. It is level-triggered: what came and went in between is not told,
 * and a task too many does no harm.
 */
export async function presence(gateway: Gateway, task: PresenceTask): Promise<void> {
  // It was queued before presence was switched off.
  if (!wantsPresence(gateway)) return;
  const isRenewed = await renew(gateway, task);
  try {
    await look(gateway, task);
  } catch (error) {
    if (!isRenewed) throw error;
    gateway.log.error('fault', { why: String(error) });
  }
}

async function look(gateway: Gateway, task: PresenceTask): Promise<void> {
  const { presences, tasks, policy } = gateway;
  const leased = await presences.lease(task, leaseMsOf(policy));
  // Its worker may have looked before this change.
  if (leased.kind === 'busy') return tasks.enqueue(task, Math.min(leased.forMs, longestWaitMs));
  if (leased.kind === 'postponed') {
    if (leased.token === task.after) await tasks.enqueue(task, leased.forMs);
    return;
  }
  const { token } = leased;
  let postponeMs: number | undefined;
  try {
    postponeMs = await tellChanges(gateway, task, token, leased.state);
  } finally {
    await presences.release(task, token, postponeMs);
  }
}

/** Queues a task anew before its last attempt, which may fail or die: nobody else looks at a subject that has left. */
async function renew({ tasks, isLastAttempt = false }: Gateway, task: PresenceTask): Promise<boolean> {
  const { renewals = 0 } = task;
  if (!isLastAttempt || renewals >= renewal.most) return false;
  await tasks.enqueue({ ...task, renewals: renewals + 1 }, renewal.pauseMs);
  return true;
}

/**
 * Where no run can die alone, a lease ends only with its run. The app may take longer for a hook than another's lease
 * lasts, and then nobody would go on with what it did not take.
 */
function leaseMsOf({ untoldMs, leaseMs }: Policy): number {
  return untoldMs === undefined ? Number.POSITIVE_INFINITY : leaseMs;
}

/** Tells until nothing has changed. Returns for how long to postpone what is left, if the app could not be told. */
async function tellChanges(
  gateway: Gateway,
  task: PresenceTask,
  token: string,
  known: PresenceState,
): Promise<number | undefined> {
  const { presences, tasks } = gateway;
  let state = known;
  for (;;) {
    const next: Telling | Wait | undefined = state.telling ?? (await changeOf(gateway, task, state));
    if (next === undefined) return undefined;
    if ('forMs' in next) {
      await tasks.enqueue({ ...task, after: undefined, waited: next.since }, next.forMs);
      return undefined;
    }
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
      return pause;
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
  if (task.waited !== since) {
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
async function socketsOf({ registry, tasks }: Gateway, task: PresenceTask): Promise<Sockets> {
  const { group, subject, socket } = task;
  const isIn = (record: SocketRecord): boolean =>
    record.acceptedAt > 0 && record.groups.includes(group) && subjectOf(record) === subject;
  const known = await registry.get(socket);
  if (known !== undefined && isIn(known) && known.status !== 'closing') return { here: known };
  // It was opening, and the app has named its user since.
  if (known !== undefined && known.acceptedAt > 0 && subjectOf(known) !== subject)
    await tasks.enqueue({ ...task, subject: subjectOf(known), after: undefined, waited: undefined });
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
  const { clock, log, policy } = gateway;
  const hook = presenceHook(task, telling, sequence);
  const answer = await postOwedHook(gateway, hook, telling.rounds > 0);
  const { time } = telling;
  const wasHeld = answer.kind === 'failed' && isHeld(answer);
  const rounds = wasHeld ? telling.rounds : telling.rounds + 1;
  const left = time + policy.closedRetryWindowMs - clock.now();
  if (answer.kind === 'failed' && left > 0) {
    const pause = Math.min(left, pauseBetweenRounds(gateway, rounds, answer));
    const facts = { ...hookFacts(hook), why: answer.why };
    // As of closed hooks.
    if (!wasHeld || policy.looksCost) log.warn('hook_postponed', { ...facts, attempts: rounds, pause });
    return { rounds, pause };
  }
  const tries = { since: time, attempts: rounds, errors: 0 };
  if (answer.kind === 'failed' || answer.kind === 'refused')
    await keepDeadLetter(gateway, { hook, groupsVersion: 0, tries }, answer);
  if (answer.kind === 'accepted') await runActions(gateway, hook, answer.actions, recordOf(hook, 0));
  return undefined;
}
