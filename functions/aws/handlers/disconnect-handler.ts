import type { Gateway } from '../../gateway/gateway.ts';
import { disconnect } from '../../gateway/relay/disconnect.ts';
import { closeCodes } from '../../wire/close-codes.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import type { DisconnectEvent, LambdaContext, WebSocketResult } from '../events.ts';
import { withDeadline } from './with-deadline.ts';

/** The handler of `$disconnect`. It does no harm if it runs twice, early, or for an unknown socket. */
export function disconnectHandler(
  gateway: Gateway,
): (event: DisconnectEvent, context: LambdaContext) => Promise<WebSocketResult> {
  return async ({ requestContext }, context) => {
    const { connectionId, eventType, requestId, disconnectStatusCode, disconnectReason } = requestContext;
    const socket = parseSocketId(connectionId);
    if (eventType !== 'DISCONNECT' || socket === undefined) return { statusCode: 200 };
    try {
      const code = disconnectStatusCode ?? closeCodes.abnormal.code;
      await disconnect(withDeadline(gateway, context), socket, { code, reason: disconnectReason ?? '' });
    } catch (error) {
      gateway.log.error('fault', { request: requestId, why: String(error) });
    }
    return { statusCode: 200 };
  };
}
