/** Why a known socket did not get a message: the codes that a send can return. docs/http-api.md explains them. */
export const sendFailures = [
  /** The outbox of a socket that is still opening is full. */
  'outbox_full',
  /** The client reads too slowly. Its socket is closed with 1008. */
  'slow_client',
  /** The service that holds the connections kept refusing posts because there were too many. */
  'throttled',
  /** The post was sent but got no answer in time, so the message may have arrived. */
  'post_unknown',
  /** The post failed. The log says why. */
  'post_failed',
] as const;

/** A stable code of a failed send. */
export type SendFailure = (typeof sendFailures)[number];
