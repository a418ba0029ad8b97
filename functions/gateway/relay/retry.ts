import { isAtMostReply } from '../../wire/actions.ts';
import type { Answer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { RetryTask } from '../tasks.ts';
import { retryLater } from './hook-failed.ts';
import { faultAnswer, postHook } from './post-hook.ts';
import { logFinalAnswer } from './post-hook-with-retries.ts';
import { runActions } from './run-actions.ts';

/**
 * Runs a `retry` task: posts the hook of a message again that has failed, or one that was a dead letter. The socket may
 * have ended since, and the app still gets its message. What the answer asks for must not undo what came in between.
 */
export async function retry(gateway: Gateway, task: RetryTask): Promise<void> {
  const { registry, clock, log } = gateway;
  const early = task.dueAt - clock.now();
  if (early > 0) return waitLonger(gateway, task, early);
  const answer = await tryPostHook(gateway, task);
  if (answer.kind !== 'accepted') {
    // The app has had its closed hook, even if it does not handle it.
    const isDone = task.hook.event !== 'message' && ['unwanted', 'invalid'].includes(answer.kind);
    if (!isDone) return retryLater(gateway, task, answer);
    logFinalAnswer(gateway, task.hook, answer);
    return;
  }
  if (isAtMostReply(answer.actions) && answer.actions.reply === undefined) return;
  try {
    const record = await registry.get(task.socket);
    const asOf = { state: task.hook.state, groupsVersion: task.groupsVersion };
    await runActions(
      gateway,
      task.hook,
      answer.actions,
      record ?? recordOf(task.hook, task.groupsVersion),
      asOf,
    );
  } catch (error) {
    // The app has accepted the hook. To post it again would be wrong, and in the end it would be a dead letter.
    log.error('action_failed', { request: task.hook.id, action: 'all', code: 'fault', why: String(error) });
  }
}

/**
 * A queue may not keep a task for as long as it was asked to. No pause is longer than the time of all retries, so a
 * task that comes even earlier says that the clock was set back since it was queued. It gets a time by the clock as it
 * is.
 */
function waitLonger({ tasks, clock, settings }: Gateway, task: RetryTask, early: number): Promise<void> {
  const pause = Math.min(early, settings.messageRetryMs);
  return tasks.enqueue({ ...task, dueAt: clock.now() + pause }, pause);
}

/** A hook that was held until now is on its first attempt. So is one that was a dead letter: somebody wants it tried. */
async function tryPostHook(gateway: Gateway, { hook, tries }: RetryTask): Promise<Answer> {
  try {
    return await postHook(gateway, hook, { isRetry: tries.attempts > 0 });
  } catch (error) {
    return faultAnswer(gateway, hook, error);
  }
}

/** A record in place of one that has been removed. A reply to it is for a socket that has gone. */
export function recordOf(hook: Hook, groupsVersion: number): SocketRecord {
  const { socket, path, query, user, state, origin, groups, time } = hook;
  return {
    socket,
    status: 'closing',
    path,
    query,
    user,
    state,
    origin,
    groups,
    groupsVersion,
    openedAt: time,
    acceptedAt: time,
    leaseUntil: 0,
    attempts: 0,
  };
}
