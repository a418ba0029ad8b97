import type { Actions } from '../../wire/actions.ts';
import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { closeConnection } from '../end/close-connection.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { messageHook } from './hooks.ts';
import { postHook } from './post-hook.ts';
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
}

/**
 * A client sends a message: the app gets it, and what its answer asks for is done. A message of a socket that had
 * ended when it came posts no hook, and its connection is ended. What comes back is a reply that the caller is to
 * pass on itself; where replies are posted there is none.
 */
export async function message(gateway: Gateway, arrival: ClientMessage): Promise<string | undefined> {
  const { registry, log, settings, policy } = gateway;
  const found = registry.get(arrival.socket);
  const record = found instanceof Promise ? await found : found;
  if (record === undefined || (!policy.keepsOrder && hadEnded(record, arrival.time))) {
    await closeConnection(gateway, arrival.socket, hookId('message', arrival.id));
    return undefined;
  }
  if (!settings.hooks.has('message')) return undefined;
  const hook = messageHook(record, arrival);
  const settled = retryUnlessFinal(gateway, hook, await postHook(gateway, hook));
  const answer = settled instanceof Promise ? await settled : settled;
  if (answer.kind === 'failed')
    log.error('hook_lost', { request: hook.id, hook: hook.event, why: answer.why });
  if (answer.kind !== 'accepted') return undefined;
  if (settings.replyBy === 'route' && record.status === 'open' && isReplyAlone(answer.actions)) {
    return answer.actions.reply;
  }
  const acted = runActions(gateway, hook, answer.actions, record);
  if (acted instanceof Promise) await acted;
  return undefined;
}

/** An empty reply is no frame when it travels back, so it is posted. */
function isReplyAlone({ reply, state, send, broadcast, close }: Actions): boolean {
  return !!reply && state === undefined && send.length === 0 && broadcast.length === 0 && !close;
}

/** What came before the end is still told, in any order that the world keeps. */
function hadEnded({ end }: SocketRecord, time: number): boolean {
  return end !== undefined && end.time < time;
}
