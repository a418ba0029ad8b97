/**
 * How connections end, as the `$disconnect` event tells it and as the client sees it:
 * - a client that closes without a code is told as 1005, "Client-side close frame status not set"
 * - a client that closes with a code is told with its own code and reason
 * - a client that vanishes is told as 1006 with an empty reason
 */

/** The code and reason of an end. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** Ends that API Gateway makes; for 1003 and 1009 no reason has been observed. */
export const endings = {
  goingAway: { code: 1001, reason: 'Going away' },
  deleted: { code: 1000, reason: 'Connection Closed Normally' },
  binary: { code: 1003, reason: '' },
  tooBig: { code: 1009, reason: '' },
  vanished: { code: 1006, reason: '' },
} satisfies Record<string, Ending>;

/** An end that the client made, by its close frame or by the lack of one. */
export function clientEnding(code: number, reason: string): Ending {
  return code === 1005 ? { code, reason: 'Client-side close frame status not set' } : { code, reason };
}

/** An end that `ws` makes because of what a client sent, or of its TCP connection. */
export function faultEnding(error: Error): Ending {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return endings.tooBig;
  if (code === 'WS_ERR_INVALID_UTF8') return { code: 1007, reason: '' };
  return code.startsWith('WS_ERR_') ? { code: 1002, reason: '' } : endings.vanished;
}
