import type { Usage } from '../measure/usage.ts';

/** A server that is measured. */
export interface Subject {
  readonly name: string;
  /** How many messages per client it can have in flight. Unlimited if omitted. */
  readonly maxInFlight?: number;
  /** Starts it, for an app that listens on a port and answers in this way. */
  start(app: AppAt): Promise<Running>;
}

/** Where the app is, and how it answers a message: in its answer, by a call of `POST /send`, or not at all. */
export interface AppAt {
  readonly port: number;
  readonly answersBy: 'reply' | 'send' | 'silence';
}

/** A running subject. */
export interface Running {
  /** Where clients connect. `%n` is replaced by the number of each. */
  readonly url: string;
  /** How to post a broadcast. */
  readonly broadcast: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** The body of a call that broadcasts a text to all, or to a group if the subject has groups. */
    bodyOf(text: string, group?: string): string;
  };
  usage(): Promise<Usage>;
  /** Frees unused memory, if the subject supports that. */
  collect(): Promise<void>;
  stop(): Promise<void>;
}
