import type { Gateway } from '../../gateway/gateway.ts';
import { message } from '../../gateway/relay/message.ts';
import { hookId } from '../../wire/hook.ts';
import { isPing } from '../../wire/ping.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { LambdaContext, MessageEvent, WebSocketResult } from '../events.ts';
import { withDeadline } from './with-deadline.ts';

/**
 * The part of the run that is reserved for keeping a hook that fails, in milliseconds. With the second that every hook
 * leaves it is 8 s, of the 28 s that the function has. A silent SQS takes 3.25 s, and the two writes of a dead letter at
 * most 2 s each.
 */
const reserveMs = 7_000;

/** The handler of `$default`. Always 200, since the client would see any other status and any exception. */
export function messageHandler(
  gateway: Gateway,
): (event: MessageEvent, context: LambdaContext) => Promise<WebSocketResult> {
  return async ({ body: text, requestContext }, context) => {
    const { connectionId, eventType, messageId, requestId, requestTimeEpoch } = requestContext;
    const body = text ?? '';
    const socket = parseSocketId(connectionId);
    if (eventType !== 'MESSAGE' || socket === undefined || isPing(body)) return { statusCode: 200 };
    try {
      const reply = await message(withDeadline(gateway, context, reserveMs), {
        socket,
        id: messageId ?? requestId,
        body,
        time: requestTimeEpoch ?? gateway.clock.now(),
      });
      return reply === undefined ? { statusCode: 200 } : { statusCode: 200, body: reply };
    } catch (error) {
      const request = hookId('message', messageId ?? requestId);
      gateway.log.error('hook_lost', { request, why: String(error) });
      return { statusCode: 200 };
    }
  };
}
