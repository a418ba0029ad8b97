/** Why a socket that is known did not get a message, as the outcome of a send says it. */
export const sendFailures = {
  /** More waits for the opening client than its outbox holds. */
  outbox_full: 'More waits for this socket than fits until it is open: 262,144 bytes or 100 messages.',
  /** The client reads too slowly; its socket is closed with 1008. */
  slow_client: 'The client reads too slowly and is being disconnected.',
  /** The service that holds the connections went on refusing for its rate. */
  throttled: 'The connection could not be posted to in time, for the rate or the number of posts.',
  /** The post was sent, and its answer did not come in time: the message may have arrived. */
  post_unknown: 'The post got no answer; the message may have arrived.',
  /** The post failed for a reason that is logged. */
  post_failed: 'The post to the connection failed.',
} as const;

/** A stable code of a failed send. */
export type SendFailure = keyof typeof sendFailures;
