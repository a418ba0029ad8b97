/** Connections to open. `%n` in the URL is replaced by the number of each. */
export interface Opening {
  readonly url: string;
  readonly count: number;
}

/** Messages to send, each answered by a text of the same length. */
export interface Driving {
  readonly text: string;
  /** The number per connection, or in total if it rotates. */
  readonly inFlight: number;
  /** Whether each message goes out on the next connection, or else on the one that got the answer. */
  readonly rotates?: boolean;
}

/** A call, made again and again, that sends a text to connections. */
export interface Broadcasting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly text: string;
  /** How many connections it reaches; all if omitted. */
  readonly reached?: number | undefined;
}
