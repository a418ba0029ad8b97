/** How long a function of each kind may run, in seconds. The gateway's lease is longer than each of them. */
export const timeouts = {
  /** What a client or a caller waits for. API Gateway: an integration ends after 29 s, and then says nothing useful. */
  waited: 28,
  /** A batch of deferred deliveries. */
  tasks: 60,
  /** The schedule's minute. */
  sweep: 60,
} as const;
