/**
 * The close codes that the gateway itself uses (RFC 6455 section 7.4.1; those of API Gateway's overview page).
 * asyncapi.json says after which of them a client should reconnect.
 */
export const closeCodes = {
  /** The app closed the socket. API Gateway closes with this code on DELETE. */
  normal: { code: 1000, reason: '' },
  /** The socket was idle or open for too long, or the gateway is stopping. */
  goingAway: { code: 1001, reason: 'Going away' },
  protocolError: { code: 1002, reason: 'Protocol error' },
  /** The client sent a binary frame, and hooks carry text only. */
  unsupported: { code: 1003, reason: 'Only text messages are supported' },
  /** Never on the wire: the connection ended without a close frame. */
  abnormal: { code: 1006, reason: '' },
  invalidText: { code: 1007, reason: 'Invalid UTF-8' },
  /** The client reads more slowly than messages are sent to it. */
  slowReader: { code: 1008, reason: 'Reading too slowly' },
  tooBig: { code: 1009, reason: 'Message too big' },
  /**
   * The app did not take a message, and `MESSAGE_FAILURE` closes the socket then. API Gateway closes with 1000 instead.
   */
  appFailed: { code: 1011, reason: 'The app failed' },
  /** The gateway stops, and closes its sockets one after another: "Service Restart" in IANA's registry of close codes. */
  restarting: { code: 1012, reason: 'Service restart' },
  /** The backlog of all clients together is full, and this client's is the largest, or too much of it has failed. */
  overloaded: { code: 1013, reason: 'Try again later' },
} as const satisfies Record<string, CloseCode>;

/** How a connection ended, or how to end it. */
export interface CloseCode {
  readonly code: number;
  readonly reason: string;
}
