import type { HookEvent } from '../functions/wire/hook.ts';
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

/** A page of the users of a group. It has a cursor for the next page if there may be more. */
export interface UserPage {
  readonly users: readonly GroupUser[];
  readonly cursor?: string;
}

/** A user with sockets in a group. */
export interface GroupUser {
  readonly user: string;
  /** How many of the user's sockets are in the group, at least 1. */
  readonly sockets: number;
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

/**
 * What came of a broadcast: the outcomes of its sockets, or, if there are more than 500, the id of the broadcast, which
 * goes on. Look at `broadcast` to tell them apart.
 */
export type BroadcastResult = BroadcastOutcome | StartedBroadcast;

/** A broadcast that goes on. `getBroadcast` tells how far it is. */
export interface StartedBroadcast {
  /** The id of the broadcast. */
  readonly broadcast: string;
  readonly delivered?: undefined;
  readonly queued?: undefined;
  readonly gone?: undefined;
  readonly failed?: undefined;
  readonly unfinished?: undefined;
}

/** How far a broadcast is that goes on after its call: how many sockets. */
export interface BroadcastProgress {
  /** The id of the broadcast. */
  readonly broadcast: string;
  /** `done`: every socket has its outcome. `cancelled`: it was cancelled before that. */
  readonly status: 'running' | 'done' | 'cancelled';
  /** How many were found so far, less those left out. */
  readonly found: number;
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
}

/** The outcome of a broadcast that ended within its call: how many sockets. */
export interface BroadcastOutcome {
  readonly broadcast?: undefined;
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
  /** Present if the call had to end before every socket was looked up. The others got nothing and are not counted. */
  readonly unfinished?: true;
}

/** A page of dead letters. It has a cursor for the next page if there may be more. */
export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetter[];
  readonly cursor?: string;
}

/** A hook that the gateway has given up, since the app refused it or did not take it in time. */
export interface DeadLetter {
  /** The id of the letter, as `replayDeadLetter` takes it. */
  readonly deadLetter: string;
  readonly event: HookEvent;
  /** The socket that the hook is about. It may have ended. */
  readonly socket: string;
  /** The path that its client connected to, with its escapes. */
  readonly path: string;
  /** Empty means no particular user. */
  readonly user: string;
  /** The group that a user came to or left. Present in a joined or left hook. */
  readonly group?: string;
  /** Which of the hooks of this user and this group it is. Present in a joined or left hook. */
  readonly sequence?: number;
  /** How often the hook was posted, since it happened or since it was replayed. */
  readonly attempts: number;
  /** What came of the last attempt. */
  readonly lastError: string;
  /** When it happened. */
  readonly time: Date;
  /** When the gateway gave it up. It keeps the letter for 14 days from then. */
  readonly diedAt: Date;
  /** What the client said. Present if it was asked for. */
  readonly body?: string;
}
