import type { Gateway } from '../../gateway/gateway.ts';
import { message } from '../../gateway/relay/message.ts';
import { hookId } from '../../wire/hook.ts';
import { isPing } from '../../wire/ping.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { LambdaContext, MessageEvent, WebSocketResult } from '../events.ts';
import { withDeadline } from './with-deadline.ts';

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
      const reply = await message(withDeadline(gateway, context), {
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
