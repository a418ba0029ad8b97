/** Connections to open; `%n` in the URL is the number of each. */
export interface Opening {
  readonly url: string;
  readonly count: number;
}

/** Messages to send, each answered by a text of the same length. */
export interface Driving {
  readonly text: string;
  /** On each connection, or in all if it rotates. */
  readonly inFlight: number;
  /** Whether each message goes out on the next connection, or on that which got the answer. */
  readonly rotates?: boolean;
}

/** A call that sends a text to every connection, to be made again and again. */
export interface Broadcasting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly text: string;
}
