import type { Answer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import { deadLetter } from '../dead-letters.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { RetryTask, Tries } from '../tasks.ts';
import { hookFacts } from './hook-facts.ts';
import { heldPause, nextTry, timeLeft } from './next-try.ts';
import { noTime } from './post-hook.ts';
import { logFinalAnswer } from './post-hook-with-retries.ts';

/** A hook that can be tried again, and how it was tried so far. */
export type Attempted = Pick<RetryTask, 'hook' | 'groupsVersion' | 'tries'>;

/** An answer that does not accept a hook. */
export type NotAccepted = Exclude<Answer, { kind: 'accepted' }>;

/** What a hook waited for before this, if it did. */
type Waited = Pick<RetryTask, 'waiting'>;

/** A hook was posted and not accepted. It is tried again later, or it becomes a dead letter. */
export async function retryLater(
  gateway: Gateway,
  before: Attempted & Waited,
  answer: NotAccepted,
): Promise<void> {
  const { tasks, clock, log, policy } = gateway;
  const now = clock.now();
  const tries = counted(before.tries, answer);
  const { hook, groupsVersion } = before;
  const pause = pauseAfter(gateway, tries, answer);
  if (pause === undefined) {
    logFinalAnswer(gateway, hook, answer);
    return keepDeadLetter(gateway, { hook, groupsVersion, tries }, answer);
  }
  const { socket } = hook;
  const task: RetryTask = { kind: 'retry', socket, hook, groupsVersion, tries, dueAt: now + pause };
  const waiting = waitingAfter(answer);
  await tasks.enqueue(waiting === undefined ? task : { ...task, waiting }, pause);
  // Not before: the line says that nothing loses the hook any more.
  const why = reasonOf(answer);
  const age = Math.round((now - tries.since) / 1_000);
  const facts = { ...hookFacts(hook), why, attempt: tries.attempts, pause, age };
  if (!isHeld(answer)) log.warn('hook_retried', facts);
  // Where looks cost, they are few, and alarms count them.
  else if (before.waiting !== 'held' || policy.looksCost) log.info('hook_held', facts);
}

/** Whether a hook waits for nothing but the app. One for which the app has asked for a pause does not. */
function waitingAfter(answer: NotAccepted): RetryTask['waiting'] {
  if (isHeld(answer)) return 'held';
  return answer.kind === 'failed' && answer.isAway && answer.retryAfter === undefined ? 'away' : undefined;
}

/** After how many milliseconds a hook is tried again; undefined if it is dead. */
function pauseAfter(gateway: Gateway, tries: Tries, answer: NotAccepted): number | undefined {
  if (answer.kind !== 'failed') return undefined;
  const { clock, settings, policy } = gateway;
  const left = timeLeft(tries.since, settings.messageRetryMs, gateway);
  if (!isHeld(answer)) return nextTry(tries, answer, left, clock.random());
  return left <= 0 ? undefined : Math.min(left, heldPause(answer, policy, clock.random()));
}

/** Whether a hook was not posted, since the app is away. That is no attempt. */
export function isHeld(answer: NotAccepted): boolean {
  return answer.kind === 'failed' && answer.heldAfterMs !== undefined;
}

/** Whether a hook was not posted, since the app is away or no time was left. It says nothing of the next try. */
export function isUnposted(answer: NotAccepted): boolean {
  return isHeld(answer) || answer === noTime;
}

/** Nothing could keep a hook. It is lost, unless whoever gets this still has it. */
export class HookUnkept extends Error {
  readonly hook: Hook;

  constructor(hook: Hook, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.hook = hook;
  }
}

/** When a hook is posted again that is dead, and could not be kept as a dead letter, in milliseconds. */
const unkeptMs = 60_000;

/**
 * The same for a hook that nothing else keeps yet, since this was its first attempt. If it can't be queued, it becomes a
 * dead letter. If it can't become a dead letter, it is queued. Throws a `HookUnkept` if nothing can keep it.
 */
export async function retryOrKeep(gateway: Gateway, before: Attempted, answer: NotAccepted): Promise<void> {
  try {
    return await retryLater(gateway, before, answer);
  } catch (error) {
    gateway.log.error('fault', { request: before.hook.id, why: String(error) });
    await keepOtherwise(gateway, before, answer).catch((cause: unknown) => {
      throw new HookUnkept(before.hook, cause);
    });
  }
}

function keepOtherwise(gateway: Gateway, before: Attempted, answer: NotAccepted): Promise<void> {
  const failed = { ...before, tries: counted(before.tries, answer) };
  if (answer.kind === 'failed') return keepDeadLetter(gateway, failed, answer);
  const { socket } = before.hook;
  const dueAt = gateway.clock.now() + unkeptMs;
  return gateway.tasks.enqueue({ kind: 'retry', socket, ...failed, dueAt }, unkeptMs);
}

/** Keeps a hook that is not tried again. Throws if it can't be kept, so that the caller does not forget it. */
export async function keepDeadLetter(
  { deadLetters, breaker, clock, log }: Gateway,
  { hook, groupsVersion, tries }: Attempted,
  answer: NotAccepted,
): Promise<void> {
  const why = reasonOf(answer);
  const letter = deadLetter({ hook, groupsVersion, tries }, why, clock.now());
  const kept = await deadLetters.put(letter);
  const facts = { ...hookFacts(hook), why, attempts: tries.attempts };
  breaker.held[kept === 'kept' ? 'dead' : 'lost'] += 1;
  if (kept === 'kept') log.error('hook_dead', { ...facts, letter: letter.id });
  else log.error('hook_lost', { ...facts, why: `${why}, and there is no room for another dead letter` });
}

/** A closed hook, which was tried as often as its record was leased. */
export function attempted({ groupsVersion, attempts }: SocketRecord, hook: Hook): Attempted {
  return { hook, groupsVersion, tries: { since: hook.time, attempts, errors: 0 } };
}

function counted({ since, attempts, errors }: Tries, answer: NotAccepted): Tries {
  if (isHeld(answer)) return { since, attempts, errors };
  const isError = answer.kind === 'failed' && !answer.isAway;
  return { since, attempts: attempts + 1, errors: errors + (isError ? 1 : 0) };
}

/** What the app did, in words. */
function reasonOf(answer: NotAccepted): string {
  switch (answer.kind) {
    case 'failed':
    case 'refused':
      return answer.why;
    case 'unwanted':
      return `the app answered ${answer.status}`;
    case 'invalid':
      return `the actions of the answer are not valid: ${answer.error.detail}`;
  }
}
