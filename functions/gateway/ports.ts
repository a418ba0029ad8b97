import type { AppResponse } from '../wire/answer.ts';
import type { Broadcast, Send } from '../wire/deliveries.ts';
import type { SigningKey } from '../wire/signature.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { UrlKey } from '../wire/ticket.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Acceptance, SocketEnd, SocketRecord } from './record.ts';
import type { SocketFilter } from './socket-filter.ts';

/**
 * What the gateway needs from the world. Each port has a contract suite under test/contract that every
 * implementation passes. A rejected promise is a fault of the world; expected outcomes are values.
 */
export interface Ports {
  readonly registry: Registry;
  readonly connections: Connections;
  readonly app: App;
  readonly tasks: TaskQueue;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
}

/** The records of all sockets. Every change is one conditional write to one record. */
export interface Registry extends Lifecycle, Outbox, Directory, Survey {}

/** A record from its socket's first moment to its last. */
export interface Lifecycle {
  /** Stores a record that is `opening`; false if the socket has a record already, which stays as it is. */
  put(record: SocketRecord): Promise<boolean>;
  get(socket: SocketId): MaybePromise<SocketRecord | undefined>;
  /**
   * Accepts the handshake of an `opening` socket. To `open` only while its outbox is empty, else nothing changes
   * and the outcome is `waiting`; to `accepted` in any case. `gone` if the socket is not opening any more; the record
   * of one that was closed while opening takes the acceptance, for its closed hook.
   */
  accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone'>;
  /** Sets the state of a socket that is not closing; whether there was one. */
  setState(socket: SocketId, state: string): Promise<boolean>;
  /**
   * Marks a socket as `closing`. Its record for exactly one of any number of calls: that caller owes the closed hook.
   * It holds the lease for so many milliseconds, if the socket was accepted; of one that is still opening nobody may
   * tell yet.
   */
  markClosing(socket: SocketId, end: SocketEnd, leaseMs?: number): Promise<SocketRecord | undefined>;
  /**
   * Leases a socket of this status for so many milliseconds, so that one worker at a time flushes it or posts its
   * closed hook; undefined if it has another status or is leased.
   */
  lease(socket: SocketId, status: 'accepted' | 'closing', forMs: number): Promise<SocketRecord | undefined>;
  /** Lets nobody lease a socket of this status for so many milliseconds from now; 0 gives a lease back. */
  postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number): Promise<void>;
  /** Forgets a socket, whatever its status. */
  remove(socket: SocketId): Promise<void>;
}

/** The messages that wait for a client that is still opening, in order. */
export interface Outbox {
  /**
   * Lets a message wait for an `opening` or `accepted` socket. `open`: the socket is open by now, post instead.
   * `full`: 262,144 bytes or 100 messages wait already.
   */
  append(socket: SocketId, body: string): Promise<'queued' | 'open' | 'full' | 'gone'>;
  /** The messages that wait, oldest first. */
  waiting(socket: SocketId): Promise<readonly string[]>;
  /** Takes off the oldest messages, which were posted; opens the socket if none is left, else `more`. */
  flushed(socket: SocketId, count: number): Promise<'open' | 'more' | 'gone'>;
}

/** The sockets that a send would reach: all but those that are closing. */
export interface Directory {
  /** Every such socket, or those of a path and user, in pages of any size; the rest of them, from where one had stopped. */
  pages(filter: SocketFilter, from?: string): AsyncIterable<RecordPage>;
  /** One page of at most `limit` sockets, in a stable order; a cursor if there may be more; undefined if it is none of ours. */
  list(filter: SocketFilter, limit: number, cursor?: string): Promise<SocketPage | undefined>;
}

/** Every record, for whoever looks after them. */
export interface Survey {
  /**
   * Every record, whatever its status, in pages of any size. It may lag behind by a second or two: what is done about
   * a record is decided by a conditional write.
   */
  survey(): AsyncIterable<readonly SocketRecord[]>;
}

/** A page of a broadcast, and where one goes on that stops behind it; undefined where nothing has to stop. */
export interface RecordPage {
  readonly records: readonly SocketRecord[];
  readonly next: string | undefined;
}

/** A page of sockets and where the next begins. */
export interface SocketPage {
  readonly sockets: readonly SocketRecord[];
  readonly cursor?: string;
}

/** The connections of clients; API Gateway's @connections. */
export interface Connections {
  /**
   * Posts once; what has not left at the given time, on the monotonic clock, is throttled, and its answer comes soon.
   * Rejects with a `NotPosted` if it is certain that nothing left.
   */
  post(socket: SocketId, body: string, until?: number): MaybePromise<Posted>;
  /** Closes a connection with 1000 if it exists; what its client still sends is dropped. Best effort. */
  close(socket: SocketId): Promise<void>;
  /** Whether a connection exists; true too when that can't be found out for now. */
  has(socket: SocketId): Promise<boolean>;
}

/** What came of posting to a connection. */
export type Posted =
  | { readonly kind: 'posted' }
  /** There is no such connection; API Gateway says so too of one whose `$connect` has not returned. */
  | { readonly kind: 'gone' }
  /** The connection is ending, and whoever holds it tells how. */
  | { readonly kind: 'ending' }
  /** Too many posts for now; nothing was posted. */
  | { readonly kind: 'throttled' }
  /** `post_unknown`: it was sent, and there was no answer. */
  | { readonly kind: 'failed'; readonly code: 'slow_client' | 'post_failed' | 'post_unknown' };

/** The user's HTTP server. */
export interface App {
  /**
   * Posts once, follows no redirect, and never takes longer than `timeoutMs` from when it begins to send. Before that
   * it may wait, in the order of the calls, for one of its connections to become free. Does not reject.
   */
  post(request: AppRequest): Promise<AppResponse>;
}

/** A signed hook, ready to go. */
export interface AppRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** How long it may wait for a connection before it is sent, in milliseconds; as long as it takes if not given. */
  readonly waitMs?: number;
  /** Signs a hook anew that had to wait, since its signature grows old. */
  readonly renew?: () => Readonly<Record<string, string>>;
}

/** Work that must not hold up its caller. It is done at least once; work on one socket in its order, but only locally. */
export interface TaskQueue {
  /** Queues a task; its work begins after so many milliseconds, or at once. */
  enqueue(task: Task, delayMs?: number): Promise<void>;
}

/** Work for later. */
export type Task =
  /** Post what waits in the outbox. */
  | { readonly kind: 'flush'; readonly socket: SocketId }
  /** Post the closed hook of a socket that is closing. */
  | { readonly kind: 'closed'; readonly socket: SocketId }
  | DeliveriesTask;

/** Do what the answer to a hook asked for and could wait: send, broadcast, then close. */
export interface DeliveriesTask {
  readonly kind: 'deliveries';
  readonly socket: SocketId;
  /** The hook's id. */
  readonly hook: string;
  readonly send: readonly Send[];
  readonly broadcast: readonly TaskBroadcast[];
  /** Whether the hook's own socket is to be closed after that. */
  readonly close: boolean;
  /** How many runs in a row have got nowhere with it. */
  readonly tries?: number | undefined;
}

/** A broadcast, or what is left of one. */
export interface TaskBroadcast extends Broadcast {
  /** Where it goes on, as a page of the registry said. */
  readonly from?: string | undefined;
}

/** Whether a list of keys may come from a cache or must be read anew, since none of it matched. */
export type Freshness = 'cached' | 'fresh';

/** The live secrets; each list may hold several, so that they can be rotated. */
export interface Secrets {
  apiKeys(freshness: Freshness): Promise<readonly string[]>;
  urlKeys(freshness: Freshness): Promise<readonly UrlKey[]>;
  signingKeys(): MaybePromise<readonly SigningKey[]>;
}

/** Time and chance. */
export interface Clock {
  /** Milliseconds since 1970, for times that are stored or told. The machine's clock may be set, so it may step. */
  now(): number;
  /** Milliseconds from any beginning, for how long something takes here: it goes on evenly, and never back. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
  /** A number from 0 up to 1. */
  random(): number;
}

/** What the operator is told: one line a call. Never a secret, a ticket, a cookie or the body of a message. */
export interface Log {
  info(event: string, fields: LogFields): void;
  warn(event: string, fields: LogFields): void;
  /** Warns the first time only, of an event or of one case of it, for what would be said on every hook. */
  warnOnce(event: string, fields: LogFields, of?: string | number): void;
  error(event: string, fields: LogFields): void;
}

/** The facts of a log line. `request` is the id of the hook or the API call that it belongs to. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly time?: never;
  readonly level?: never;
  readonly event?: never;
};
