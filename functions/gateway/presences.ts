import type { GroupName } from '../wire/group.ts';
import type { PresenceEvent } from '../wire/hook.ts';
import type { ClientPath } from '../wire/path.ts';
import type { SocketId } from '../wire/socket-id.ts';

/** Who is in a group or not: a user, or a socket without a user, which is a user of its own. */
export type Subject = `u:${string}` | `s:${SocketId}`;

/** A subject in one group. */
export interface PresenceKey {
  readonly group: GroupName;
  readonly subject: Subject;
}

/** What the app knows of a subject in a group, and what it is about to hear. Times are in milliseconds since 1970. */
export interface PresenceState {
  /** What the app was told last. A subject that it has heard nothing of has left. */
  readonly told?: Telling | undefined;
  /** The number of the last hook that was decided; 0 at first. */
  readonly sequence: number;
  /** The hook that is being told. It is decided before its first post, and never changes. */
  readonly telling?: Telling | undefined;
  /**
   * The latest moment at which a socket of the subject was about to leave the group, even if it did not in the end, as of
   * the lease.
   */
  readonly departure?: Departure | undefined;
}

/** A hook that was told, or is being told. */
export interface Telling {
  readonly event: PresenceEvent;
  /** The socket that caused it, and the path of that. */
  readonly socket: SocketId;
  readonly path: ClientPath;
  readonly time: number;
  /** How many rounds of attempts have failed. */
  readonly rounds: number;
}

/** A socket that leaves a group. */
export interface Departure {
  readonly socket: SocketId;
  readonly path: ClientPath;
  readonly at: number;
}

/** The outcome of asking for a lease. */
export type PresenceLease =
  /** `token` names the lease. */
  | { readonly kind: 'leased'; readonly token: string; readonly state: PresenceState }
  /**
   * Another worker holds it for this long at most. `recheck`: it has been asked to look again, at the latest by a task
   * that has waited for this departure.
   */
  | { readonly kind: 'busy'; readonly forMs: number; readonly recheck?: number | undefined }
  /** The worker that held it last has queued the task that goes on with it. `token` names that worker's lease. */
  | { readonly kind: 'postponed'; readonly token: string; readonly forMs: number };

/** The outcome of asking the holder of a lease to look again. */
export type RecheckRequest =
  /** It does so, unless it dies. `isFirst`: nobody had asked under this lease, which lasts for `forMs` at most. */
  | { readonly kind: 'requested'; readonly isFirst: boolean; readonly forMs: number }
  /** Nobody holds the lease. */
  | { readonly kind: 'free' };

/** What the holder of a lease looks again with. */
export interface Recheck {
  /** The time of the latest departure that a task which asked for it has waited for, or `hasNotWaited`. */
  readonly waited: number;
  readonly state: PresenceState;
}

/** The time of a departure for a task that has waited for none. */
export const hasNotWaited = -1;

/** What the app knows of who is in which group. Every change is decided by one conditional write. */
export interface Presences {
  /** Leases a subject in a group for `forMs` milliseconds. If nothing is known of it, it has left. */
  lease(key: PresenceKey, forMs: number): Promise<PresenceLease>;
  /** Sets what is told and what is being told, under a lease; a departure stays. False if the lease has been lost. */
  set(key: PresenceKey, token: string, state: PresenceState): Promise<boolean>;
  /** Asks whoever holds the lease to look again before it ends. `waited` is the departure that the caller waited for. */
  requestRecheck(key: PresenceKey, waited: number): Promise<RecheckRequest>;
  /** Ends a lease, unless its holder was asked to look again: then it goes on, and the request is taken. */
  releaseOrRecheck(key: PresenceKey, token: string): Promise<Recheck | undefined>;
  /** Ends a lease, whoever has asked for more. With `postponeMs`, nobody takes it for so long. */
  release(key: PresenceKey, token: string, postponeMs?: number): Promise<void>;
  /** Notes a departure, whoever holds the lease, unless a later one is noted. */
  depart(key: PresenceKey, departure: Departure): Promise<void>;
  /** The departure that is noted now: another may have come since the lease was taken. */
  departure(key: PresenceKey): Promise<Departure | undefined>;
}

/** The subject that a socket counts for. */
export function subjectOf({ user, socket }: { readonly user: string; readonly socket: SocketId }): Subject {
  return user === '' ? `s:${socket}` : `u:${user}`;
}

/** What is known of a subject that nothing is known of. */
export const unknownPresence: PresenceState = { sequence: 0 };

/** The user of a subject; empty if it is a socket without one. */
export function userOf(subject: Subject): string {
  return subject.startsWith('u:') ? subject.slice(2) : '';
}
