import type { Usage } from '../measure/usage.ts';

/** Something that is measured. */
export interface Subject {
  readonly name: string;
  /** The most messages of a client that it can have under way; any number if left out. */
  readonly maxInFlight?: number;
  /** Starts it, for an app that listens on a port and brings its answers in this way. */
  start(app: AppAt): Promise<Running>;
}

/** Where the app is, and how it answers a message: in its answer, by a call to `POST /send`, or not at all. */
export interface AppAt {
  readonly port: number;
  readonly answersBy: 'reply' | 'send' | 'silence';
}

/** A subject that runs. */
export interface Running {
  /** Where clients connect; `%n` is the number of each. */
  readonly url: string;
  /** Where a broadcast is posted, and how. */
  readonly broadcast: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** The body that has a text broadcast. */
    bodyOf(text: string): string;
  };
  usage(): Promise<Usage>;
  /** Frees memory that is not used any more, where that can be asked for. */
  collect(): Promise<void>;
  stop(): Promise<void>;
}
