import type { AppResponse } from '../wire/answer.ts';
import type { CloseCode } from '../wire/close-codes.ts';
import type { GroupChange, GroupName } from '../wire/group.ts';
import type { SigningKey } from '../wire/signature.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { UrlKey } from '../wire/ticket.ts';
import type { Breaker } from './breaker.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Idempotency } from './idempotency.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Presences } from './presences.ts';
import type { Acceptance, Recipient, SocketEnd, SocketRecord } from './record.ts';
import type { SocketFilter } from './socket-filter.ts';
import type { TaskQueue } from './tasks.ts';

/**
 * Everything that the gateway needs from the world. Each port has a contract suite under test/contract that every
 * implementation passes. Expected outcomes are values. A rejected promise means that the world failed.
 */
export interface Ports {
  readonly registry: Registry;
  readonly broadcasts: Broadcasts;
  readonly idempotency: Idempotency;
  readonly deadLetters: DeadLetters;
  readonly presences: Presences;
  readonly connections: Connections;
  readonly app: App;
  readonly breaker: Breaker;
  readonly tasks: TaskQueue;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
}

/** The records of all sockets. Every change is decided by one conditional write to one record. */
export interface Registry extends Lifecycle, Outbox, Groups, Directory, Survey {}

/** The life of a record, from its socket's first moment to its last. */
export interface Lifecycle {
  /** Stores a record that is `opening`. False if the socket already has a record, which stays unchanged. */
  put(record: SocketRecord): Promise<boolean>;
  get(socket: SocketId): MaybePromise<SocketRecord | undefined>;
  /**
   * Accepts the handshake of an `opening` socket. `open` works only while the outbox is empty: otherwise nothing
   * changes and the outcome is `waiting`. `accepted` works whatever waits. The outcome is `gone` if the socket is no
   * longer opening. If it was closed while opening, its record still takes the acceptance, but not its groups, for the
   * closed hook. `too_many_groups`: with those that it joined while it was opening; nothing changed.
   */
  accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone' | 'too_many_groups'>;
  /**
   * Sets the state of a socket, unless there is no such socket, it is closing, or its state is not the `expected` one.
   */
  setState(socket: SocketId, state: string, expected?: string): Promise<'done' | 'gone' | 'outdated'>;
  /**
   * Marks a socket as `closing`. Exactly one of any number of calls gets the record: that caller owes the closed hook.
   * If the socket was accepted, the caller holds the lease for `leaseMs` milliseconds. A socket that is still opening
   * is not leased, since its closed hook may not be posted yet.
   */
  markEnded(socket: SocketId, end: SocketEnd, leaseMs?: number): Promise<SocketRecord | undefined>;
  /**
   * Leases a socket of this status for `forMs` milliseconds, so that only one worker at a time flushes it or posts its
   * closed hook. Undefined if it has another status or is already leased.
   */
  lease(socket: SocketId, status: 'accepted' | 'closing', forMs: number): Promise<SocketRecord | undefined>;
  /** Lets nobody lease a socket of this status for `forMs` milliseconds; 0 returns the lease. Sets given `attempts`. */
  postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number, attempts?: number): Promise<void>;
  /**
   * Counts the bytes of a message whose first attempt failed. `full`: they would exceed the limit, and are not counted.
   */
  countFailed(socket: SocketId, bytes: number): Promise<'counted' | 'full' | 'gone'>;
  /** Removes a record, whatever its status. Its socket is then in no group. */
  remove(socket: SocketId): Promise<void>;
}

/** The messages that wait, in order, for a socket that is still opening. */
export interface Outbox {
  /**
   * Appends a message for an `opening` or `accepted` socket. `open`: the socket is open by now, so post instead.
   * `full`: the message would exceed 262,144 bytes or 100 messages.
   */
  append(socket: SocketId, body: string): Promise<'queued' | 'open' | 'full' | 'gone'>;
  /** The waiting messages, oldest first. */
  waiting(socket: SocketId): Promise<readonly string[]>;
  /**
   * Removes the oldest `count` messages, which were posted. Opens the socket if none is left; else the outcome is
   * `more`.
   */
  flushed(socket: SocketId, count: number): Promise<'open' | 'more' | 'gone'>;
}

/** The groups that sockets are in. */
export interface Groups {
  /**
   * Joins and leaves groups in one step, all or nothing, unless the socket has ended. It is idempotent. A broadcast to a
   * group that starts after it has resolved reaches the sockets that have joined, and not those that have left. `known`
   * saves reading a record that is at hand, even an old one. `outdated`: the groups have no longer the version `at`.
   */
  changeGroups(
    socket: SocketId,
    change: GroupChange,
    known?: SocketRecord,
    at?: number,
  ): MaybePromise<'done' | 'gone' | 'outdated' | 'too_many_groups'>;
}

/** The sockets that a send can reach: all except those that are closing. */
export interface Directory {
  /** Every such socket that the filter selects, in pages; small ones, if `enough` of them may do. `from` goes on. */
  pages(filter: SocketFilter, from?: string, enough?: number): AsyncIterable<RecordPage>;
  /** Into how many segments a broadcast to these sockets is divided. Each socket is in exactly one of them. */
  segmentsOf(filter: SocketFilter): number;
  /** The sockets of one segment, as `pages` finds them, in a fixed order. */
  segment(filter: SocketFilter, at: number, stretch: Stretch): AsyncIterable<SegmentPage>;
  /** One page of at most `limit` sockets, in a stable order. Undefined if the cursor is not valid. */
  list(filter: SocketFilter, limit: number, cursor?: string): Promise<SocketPage | undefined>;
  /** One page of at most `limit` users of a group, in a stable order. Undefined if the cursor is not valid. */
  listUsers(group: GroupName, limit: number, cursor?: string): Promise<UserPage | undefined>;
}

/** Every record, for the sweep. */
export interface Survey {
  /**
   * Every record, whatever its status, in pages of any size. It may be a second or two out of date, so every action on
   * a record must be a conditional write.
   */
  survey(): AsyncIterable<readonly SocketRecord[]>;
}

/** A page of a broadcast. `next` is where to continue after it; undefined where broadcasts never stop early. */
export interface RecordPage {
  readonly records: readonly SocketRecord[];
  readonly next: string | undefined;
}

/** A part of a segment: from the end of one page to the end of another, in pages of at most `limit` sockets. */
export interface Stretch {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit: number;
}

/** A page of a segment. `end` is the position after it, even where the sockets around it have gone since. */
export interface SegmentPage {
  readonly recipients: readonly Recipient[];
  readonly end: string;
}

/** A page of sockets. A cursor if there may be more. */
export interface SocketPage {
  readonly sockets: readonly SocketRecord[];
  readonly cursor?: string;
}

/** A page of the users of a group, with the number of sockets that each has in it. A cursor if there may be more. */
export interface UserPage {
  readonly users: readonly { readonly user: string; readonly sockets: number }[];
  readonly cursor?: string;
}

/** The connections of clients: on AWS, API Gateway's @connections. */
export interface Connections {
  /**
   * Posts once. A post that has not left at `until`, on the monotonic clock, is throttled; one that has left is
   * answered soon after. Rejects with a `NotPosted` if it is certain that nothing left.
   */
  post(socket: SocketId, body: string, until?: number): MaybePromise<Posted>;
  /**
   * Closes a connection if it exists, with 1000 or as it is told, and drops what its client still sends. What it has
   * sent until now is dropped as well, except if it is overloaded. Best effort. API Gateway's DELETE carries no code,
   * so there it is always 1000.
   */
  close(socket: SocketId, how?: CloseCode): Promise<void>;
  /** Whether a connection exists. Also true if that can't be determined for now. */
  has(socket: SocketId): Promise<boolean>;
}

/** The result of posting to a connection. */
export type Posted =
  | { readonly kind: 'posted' }
  /** There is no such connection. API Gateway also says so while `$connect` has not returned. */
  | { readonly kind: 'gone' }
  /** The connection is ending, and its holder reports how. */
  | { readonly kind: 'ending' }
  /** There are too many posts for now. Nothing was posted. */
  | { readonly kind: 'throttled' }
  /** `post_unknown`: the post was sent, but got no answer. */
  | { readonly kind: 'failed'; readonly code: 'slow_client' | 'post_failed' | 'post_unknown' };

/** The user's HTTP server. */
export interface App {
  /**
   * Posts once and follows no redirect. Never takes longer than `timeoutMs` from when it begins to send. Before that it
   * may wait, in the order of the calls, until a connection is free. Never rejects.
   */
  post(request: AppRequest): Promise<AppResponse>;
}

/** A signed hook, ready to send. */
export interface AppRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** How long it may wait for a connection before it is sent, in milliseconds. Without it, there is no limit. */
  readonly waitMs?: number;
  /** Signs the hook again if it had to wait, since signatures expire. */
  readonly renew?: () => Readonly<Record<string, string>>;
  /** Hears all bytes of the answer's body, valid during the call, and undefined once there are no more. */
  readonly heard?: (bytes: Uint8Array | undefined) => void;
}

/** Whether a list of keys may come from a cache, or must be read again because no cached key matched. */
export type Freshness = 'cached' | 'fresh';

/** The current secrets. Each list may hold several, so that they can be rotated. */
export interface Secrets {
  apiKeys(freshness: Freshness): Promise<readonly string[]>;
  urlKeys(freshness: Freshness): Promise<readonly UrlKey[]>;
  signingKeys(): MaybePromise<readonly SigningKey[]>;
}

/** Time and randomness. */
export interface Clock {
  /** Milliseconds since 1970, for times that are stored or reported. It may step when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start, for measuring durations. It advances steadily and never goes back. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
  /** A random number, at least 0 and less than 1. */
  random(): number;
}

/** The log: one line per call. Never contains a secret, a ticket, a cookie or the body of a message. */
export interface Log {
  info(event: string, fields: LogFields): void;
  warn(event: string, fields: LogFields): void;
  /** Warns only the first time of an event, or of one case of it (`of`), where every hook would repeat the warning. */
  warnOnce(event: string, fields: LogFields, of?: string | number): void;
  error(event: string, fields: LogFields): void;
}

/** The fields of a log line. `request` is the id of the hook or API call that the line is about. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly [Name in 'time' | 'level' | 'event']?: never;
};
