/**
 * What the client sees of what became of `$connect`:
 * - a status of 2xx lets the client in, and of its headers only Sec-WebSocket-Protocol is passed on
 * - the name of the Sec-WebSocket-Protocol header may be written in any case
 * - any other status is the status of the upgrade, and nothing else of the response is passed on
 * - a $connect that throws is 502, "Internal server error"
 * - a $connect that returns no status is 502, "Internal server error"
 * - a $connect that takes too long is 504, "Endpoint request timed out"
 */
import { STATUS_CODES } from 'node:http';
import { gatewayMessages } from './error-frames.ts';
import type { Outcome } from './invocations.ts';
import { lambdaResponse } from './lambda-response.ts';

/** Whether a client is let in. */
export type ConnectOutcome =
  | { readonly kind: 'accepted'; readonly subprotocol?: string }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/** Reads the outcome of `$connect`. */
export function connectOutcome(outcome: Outcome): ConnectOutcome {
  if (outcome.kind === 'timed-out')
    return { kind: 'refused', status: 504, message: gatewayMessages.timedOut };
  const response = outcome.kind === 'returned' ? lambdaResponse(outcome.value) : undefined;
  if (response === undefined) return { kind: 'refused', status: 502, message: gatewayMessages.internal };
  const { statusCode: status, headers } = response;
  if (status >= 300) {
    const message = status === 500 ? gatewayMessages.internal : (STATUS_CODES[status] ?? 'Refused');
    return { kind: 'refused', status, message };
  }
  const chosen = Object.entries(headers).find(
    ([name]) => name.toLowerCase() === 'sec-websocket-protocol',
  )?.[1];
  return { kind: 'accepted', ...(chosen !== undefined && { subprotocol: String(chosen) }) };
}
