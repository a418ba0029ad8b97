import { type Actions, isAtMostReply } from '../../wire/actions.ts';
import type { Answer } from '../../wire/answer.ts';
import { closeCodes } from '../../wire/close-codes.ts';
import { type Hook, hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { closeConnection } from '../end/close-connection.ts';
import { closeSocket } from '../end/close-socket.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { countFailed } from './count-failed.ts';
import { hookFacts } from './hook-facts.ts';
import { isHeld, type NotAccepted, retryOrKeep } from './hook-failed.ts';
import { messageHook } from './hooks.ts';
import { endedRecord } from './late-messages.ts';
import { sinceArrival } from './next-try.ts';
import { faultAnswer, postHook } from './post-hook.ts';
import { retryUnlessFinal } from './post-hook-with-retries.ts';
import { runActions } from './run-actions.ts';

/** A text message that a client sent. */
export interface ClientMessage {
  readonly socket: SocketId;
  /** The message's own id, unique in this gateway. */
  readonly id: string;
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
  /** Whether it waited behind hooks of its socket that were tried again. */
  readonly hasWaited?: true;
}

/**
 * A client sends a message: posts its hook and runs the actions of the answer. A message that comes after its socket has
 * ended posts no hook, and its connection is closed. Returns the reply if the caller has to pass it on, which is never
 * the case where replies are posted.
 */
export async function message(gateway: Gateway, arrival: ClientMessage): Promise<string | undefined> {
  const { registry, settings, policy } = gateway;
  const found = registry.get(arrival.socket);
  const record = (found instanceof Promise ? await found : found) ?? (await endedRecord(gateway, arrival));
  if (record === undefined || (!policy.keepsOrder && hadEnded(record, arrival.time))) {
    await closeConnection(gateway, arrival.socket, hookId('message', arrival.id));
    return undefined;
  }
  if (!settings.hooks.has('message')) return undefined;
  const hook = messageHook(record, arrival);
  let first: Answer;
  try {
    first = await postHook(gateway, hook);
  } catch (error) {
    first = faultAnswer(gateway, hook, error);
  }
  const answer = first.kind === 'accepted' ? first : await notAccepted(gateway, hook, record, first, arrival);
  if (answer?.kind !== 'accepted') return undefined;
  if (settings.replyBy === 'route' && record.status === 'open' && isReplyAlone(answer.actions)) {
    return answer.actions.reply;
  }
  const acted = runActions(gateway, hook, answer.actions, record);
  if (acted instanceof Promise) await acted;
  return undefined;
}

/**
 * The app did not accept the hook of a message. By the setting `messageFailure` it is retried later, or at once a few
 * times; then the answer may be good after all.
 */
async function notAccepted(
  gateway: Gateway,
  hook: Hook,
  { groupsVersion }: SocketRecord,
  first: NotAccepted,
  { hasWaited }: ClientMessage,
): Promise<Answer | undefined> {
  const { breaker, clock, log, policy, settings } = gateway;
  if (settings.messageFailure === 'retry') {
    const now = clock.now();
    // What waited behind hooks that are held, or that failed, has no hours of its own after theirs.
    const hasRest = isHeld(first) || hasWaited === true;
    const since = hasRest ? sinceArrival(hook.time, settings.messageRetryMs, now, policy.keepsOrder) : now;
    const tries = { since, attempts: 0, errors: 0 };
    await retryOrKeep(gateway, { hook, groupsVersion, tries }, first);
    await countFailed(gateway, hook);
    return undefined;
  }
  const answer = await retryUnlessFinal(gateway, hook, first);
  if (answer.kind === 'accepted') return answer;
  if (answer.kind === 'failed') {
    breaker.held.lost += 1;
    log.error('hook_lost', { ...hookFacts(hook), why: answer.why });
  }
  if (settings.messageFailure === 'close') await closeSocket(gateway, hook.socket, closeCodes.appFailed);
  return undefined;
}

/** An empty reply would make no frame if it travelled back, so it is posted. */
function isReplyAlone(actions: Actions): boolean {
  return !!actions.reply && isAtMostReply(actions);
}

/** A message that came before the end still posts its hook, even if it is handled after the end. */
function hadEnded({ end }: SocketRecord, time: number): boolean {
  return end !== undefined && end.time < time;
}
