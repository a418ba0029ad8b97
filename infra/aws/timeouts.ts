/** The timeout of each kind of function, in seconds. The gateway's lease is longer than any of them. */
export const timeouts = {
  /** A client or a caller waits. API Gateway: an integration ends after 29 s, and its error says nothing useful. */
  waited: 28,
  /** A batch of queued tasks. */
  tasks: 60,
  /** A batch of a broadcast, which takes a second unless its posts are throttled. The rest of one is a batch again. */
  batches: 30,
  /** A batch of retries. All their hooks are posted at once, each for at most 20 s. */
  retries: 30,
  /** A batch of dead retries, each of which is two writes. */
  redrive: 30,
  /** The minute until the next sweep. */
  sweep: 60,
} as const;
