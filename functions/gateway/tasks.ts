import type { BroadcastId } from '../wire/broadcast-id.ts';
import type { Broadcast, Send } from '../wire/deliveries.ts';
import type { Hook } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { Batch } from './broadcasts.ts';
import type { PresenceKey } from './presences.ts';
import type { Recipient } from './record.ts';

/**
 * Work that must not delay its caller. Each task runs at least once. Only the local gateway keeps a socket's tasks in
 * order.
 */
export interface TaskQueue {
  /** Queues a task to run after `delayMs` milliseconds, or at once. */
  enqueue(task: Task, delayMs?: number): Promise<void>;
  /** Queues several batches of a broadcast. They have a queue of their own, with a limited number of workers. */
  enqueueBatches(tasks: readonly BatchTask[], delayMs?: number): Promise<void>;
}

/** Queued work. */
export type Task =
  | SocketTask
  /** Read a segment of a broadcast, and cut it into batches. */
  | { readonly kind: 'segment'; readonly broadcast: BroadcastId; readonly segment: number }
  | BatchTask
  | PresenceTask
  /** Replay the dead letters that died until a moment, in milliseconds since 1970. */
  | { readonly kind: 'replay'; readonly until: number; readonly cursor?: string | undefined };

/** Queued work on one socket. */
export type SocketTask =
  /** Post the messages in the outbox. */
  | { readonly kind: 'flush'; readonly socket: SocketId }
  /** Post the closed hook of a socket that is closing. */
  | { readonly kind: 'closed'; readonly socket: SocketId }
  | DeliveriesTask
  | RetryTask;

/** Post a hook again that has failed, or that was a dead letter. */
export interface RetryTask {
  readonly kind: 'retry';
  readonly socket: SocketId;
  /** As it was made at first, so that every attempt says the same. */
  readonly hook: Hook;
  /** How often the groups of its socket had changed by then. */
  readonly groupsVersion: number;
  readonly tries: Tries;
  /** In milliseconds since 1970. Until then it is left alone. */
  readonly dueAt: number;
  /**
   * Set if it waits for nothing but the app, so that it may go on before its time when the app is back. `away`: the app
   * did not answer it. `held`: it was not posted.
   */
  readonly waiting?: 'away' | 'held';
  /** Whether it was a dead letter until now, so that it comes after what its socket has sent since. */
  readonly isReplay?: true;
}

/** Look who is in a group, and tell the app if that has changed for a subject. */
export interface PresenceTask extends PresenceKey {
  readonly kind: 'presence';
  /** The socket that has joined or left. */
  readonly socket: SocketId;
  /** The lease whose worker left this task to go on. */
  readonly after?: string | undefined;
  /** The time of the departure after which this task has waited for the rest of the grace. */
  readonly waited?: number | undefined;
}

/** How a hook was tried so far. */
export interface Tries {
  /** When its first attempt was over, or when it came if it was held before that, or when its replay was asked for, in milliseconds since 1970. */
  readonly since: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** How many of them the app answered with an error of its own, as if it were broken and not away. */
  readonly errors: number;
}

/** Run the actions of an answer that can be deferred: send, broadcast, then close. */
export interface DeliveriesTask {
  readonly kind: 'deliveries';
  readonly socket: SocketId;
  /** The hook's id. */
  readonly hook: string;
  readonly send: readonly Send[];
  readonly broadcast: readonly TaskBroadcast[];
  /** Whether to close the hook's own socket after that. */
  readonly close: boolean;
  /** How many runs in a row have made no progress. */
  readonly stuckRuns?: number | undefined;
}

/** A broadcast, or the rest of one. */
export interface TaskBroadcast extends Broadcast {
  /** Its place in the answer. An older version did not write it. */
  readonly at?: number | undefined;
  /** Where to continue: the `next` of a page of the registry. */
  readonly from?: string | undefined;
}

/** Post a batch of a broadcast, or what is left of it. */
export interface BatchTask extends Batch {
  readonly kind: 'batch';
  /** 0 for the whole batch, then the number of the rest. */
  readonly part: number;
  /** The claim whose worker left this rest. The whole batch has none. */
  readonly after?: string | undefined;
  /** Each socket as it was found. One that was not open is looked up again. */
  readonly sockets: readonly Recipient[];
}
