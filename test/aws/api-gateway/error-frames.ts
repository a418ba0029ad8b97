/**
 * What API Gateway itself says to clients, in an error frame or in the body of a refused upgrade:
 * - an error frame has a space after its first colon and after each comma, and none after the other colons
 */
import type { RequestContext } from './events.ts';

/** The messages of API Gateway's own. */
export const gatewayMessages = {
  forbidden: 'Forbidden',
  internal: 'Internal server error',
  timedOut: 'Endpoint request timed out',
} as const;

/** Writes an error as API Gateway does, byte for byte. */
export function errorFrame(message: string, request: RequestContext): string {
  const { connectionId, requestId } = request;
  const texts = [message, connectionId, requestId].map((text) => JSON.stringify(text));
  return `{"message": ${texts[0]}, "connectionId":${texts[1]}, "requestId":${texts[2]}}`;
}
