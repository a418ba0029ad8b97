import type { SendFailure } from '../functions/wire/send-failures.ts';

/** The outcome of a send. Every named socket is in exactly one of the four groups. */
export interface SendOutcome {
  /** How many got the message. */
  readonly delivered: number;
  /** How many will get it once they are open. */
  readonly queued: number;
  /** The sockets that are no longer open, or never were. */
  readonly gone: readonly string[];
  readonly failed: readonly { readonly socket: string; readonly code: SendFailure }[];
}

/** A page of the sockets of a group. It has a cursor for the next page if there may be more. */
export interface GroupPage {
  readonly sockets: readonly OpenSocket[];
  readonly cursor?: string;
}

/** A socket that a send can reach. */
export interface OpenSocket {
  /** The socket's id, as `sendMessage` takes it. */
  readonly socket: string;
  /** The path that the client connected to, with its escapes. */
  readonly path: string;
  /** Empty means no particular user. */
  readonly user: string;
  readonly openedAt: Date;
}

/** The outcome of a broadcast: how many sockets. */
export interface BroadcastOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
  /** Present if the call had to end before every socket was looked up. The others got nothing and are not counted. */
  readonly unfinished?: true;
}
