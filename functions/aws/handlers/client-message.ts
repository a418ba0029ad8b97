import type { ClientMessage } from '../../gateway/relay/message.ts';
import { isPing } from '../../wire/ping.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { MessageEvent } from '../events.ts';

/** The message of an event. Undefined for a ping, and for anything that is not a message of a socket. */
export function clientMessage(event: MessageEvent, now: number): ClientMessage | undefined {
  const { connectionId, eventType, messageId, requestId, requestTimeEpoch } = event.requestContext;
  const socket = parseSocketId(connectionId);
  if (eventType !== 'MESSAGE' || socket === undefined) return undefined;
  const text = event.body ?? '';
  const body = event.isBase64Encoded === true ? Buffer.from(text, 'base64').toString() : text;
  if (isPing(body)) return undefined;
  // A template writes an empty text for what API Gateway does not know.
  return { socket, id: messageId || requestId, body, time: Number(requestTimeEpoch) || now };
}
