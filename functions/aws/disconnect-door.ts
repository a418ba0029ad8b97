import type { Gateway } from '../gateway/gateway.ts';
import { hangUp } from '../gateway/relay/hang-up.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { parseSocketId } from '../wire/socket-id.ts';
import type { DisconnectEvent, LambdaContext, WebSocketResult } from './events.ts';
import { timed } from './timed.ts';

/** The door of `$disconnect`: harmless if it comes twice, early, or for a socket that nobody knows. */
export function disconnectDoor(
  gateway: Gateway,
): (event: DisconnectEvent, context: LambdaContext) => Promise<WebSocketResult> {
  return async ({ requestContext }, context) => {
    const { connectionId, eventType, requestId, disconnectStatusCode, disconnectReason } = requestContext;
    const socket = parseSocketId(connectionId);
    if (eventType !== 'DISCONNECT' || socket === undefined) return { statusCode: 200 };
    try {
      const code = disconnectStatusCode ?? closeCodes.abnormal.code;
      await hangUp(timed(gateway, context), socket, { code, reason: disconnectReason ?? '' });
    } catch (error) {
      gateway.log.error('fault', { request: requestId, why: String(error) });
    }
    return { statusCode: 200 };
  };
}
