/**
 * The close codes that the gateway uses itself (RFC 6455 section 7.4.1; those of API Gateway's overview page).
 * `reconnect` tells a client's library whether opening the socket again makes sense.
 */
export const closeCodes = {
  /** The app closed the socket; API Gateway closes with this code on DELETE. */
  normal: { code: 1000, reason: '', reconnect: false },
  /** Idle too long, older than the longest life, or the gateway stops. */
  goingAway: { code: 1001, reason: 'Going away', reconnect: true },
  protocolError: { code: 1002, reason: 'Protocol error', reconnect: false },
  /** A binary frame: hooks carry text. */
  unsupported: { code: 1003, reason: 'Only text messages are supported', reconnect: false },
  /** Never on the wire: the connection ended without a close frame. */
  abnormal: { code: 1006, reason: '', reconnect: true },
  invalidText: { code: 1007, reason: 'Invalid UTF-8', reconnect: false },
  /** The client reads more slowly than it is sent to. */
  slowReader: { code: 1008, reason: 'Reading too slowly', reconnect: true },
  tooBig: { code: 1009, reason: 'Message too big', reconnect: false },
  /** All clients together have too much waiting for the app, and this one the most. */
  overloaded: { code: 1013, reason: 'Try again later', reconnect: true },
} as const satisfies Record<string, CloseCode>;

/** How a connection ended, or is to be ended. */
export interface CloseCode {
  readonly code: number;
  readonly reason: string;
  readonly reconnect: boolean;
}
