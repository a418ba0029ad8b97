import type { SendFailure } from '../functions/wire/send-failures.ts';

/** What came of a send: every socket that was named is in exactly one of these. */
export interface SendOutcome {
  /** How many got the message. */
  readonly delivered: number;
  /** How many get it once they are open. */
  readonly queued: number;
  /** Those that are not open any more, or never were. */
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** What came of a broadcast, in sockets. */
export interface BroadcastOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
  /** There if the call had to end before every socket was looked up; the others got nothing and are not counted. */
  readonly unfinished?: true;
}
