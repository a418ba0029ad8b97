/** What API Gateway allows; a test overrides what would take too long or too much. */
export interface Limits {
  /** How long a Lambda may take. */
  readonly integrationTimeoutMs: number;
  /** How long a connection may be without a message in either direction. */
  readonly idleMs: number;
  /** How long a connection may last. */
  readonly lifeMs: number;
  /** One frame from a client. Browsers and `ws` send a message as one frame, so this is what bounds them. */
  readonly frameBytes: number;
  /** One message, in either direction. */
  readonly messageBytes: number;
}

/** The quotas of WebSocket APIs; none of them can be raised on AWS. */
export const apiGatewayLimits: Limits = {
  integrationTimeoutMs: 29_000,
  idleMs: 600_000,
  lifeMs: 7_200_000,
  frameBytes: 32_768,
  messageBytes: 131_072,
};
