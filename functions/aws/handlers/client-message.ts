import type { Gateway } from '../../gateway/gateway.ts';
import type { ClientMessage } from '../../gateway/relay/message.ts';
import { hookId } from '../../wire/hook.ts';
import { isPing } from '../../wire/ping.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { MessageEvent } from '../events.ts';

/** The message of an event. Undefined for a ping, and for anything that is not a message of a socket. */
export function clientMessage(event: MessageEvent, now: number): ClientMessage | undefined {
  const { connectionId, eventType, requestTimeEpoch } = event.requestContext;
  const socket = parseSocketId(connectionId);
  if (eventType !== 'MESSAGE' || socket === undefined) return undefined;
  const body = bodyOf(event);
  if (isPing(body)) return undefined;
  // A template writes an empty text for what API Gateway does not know.
  return { socket, id: idOf(event), body, time: Number(requestTimeEpoch) || now };
}

/** Logs that an event is lost which has no message of a socket, unless it is a ping. */
export function logIfLost({ log }: Pick<Gateway, 'log'>, event: MessageEvent): void {
  if (isPing(bodyOf(event))) return;
  const why = 'no message of a socket';
  log.error('hook_lost', { request: hookId('message', idOf(event)), hook: 'message', why });
}

function bodyOf({ body, isBase64Encoded }: MessageEvent): string {
  const text = body ?? '';
  return isBase64Encoded === true ? Buffer.from(text, 'base64').toString() : text;
}

function idOf({ requestContext: { messageId, requestId } }: MessageEvent): string {
  return messageId || requestId;
}
