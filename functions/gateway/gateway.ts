import type { HookEvent } from '../wire/hook.ts';
import type { HookFormat } from '../wire/hook-format.ts';
import type { DeliveryLimit } from './delivery-limit.ts';
import type { EndedSockets } from './ended-sockets.ts';
import type { HookMeter } from './hook-meter.ts';
import type { HookWatch } from './hook-watch.ts';
import type { Ports } from './ports.ts';

/** A gateway: its ports and its configuration. Every flow takes one as its first argument. */
export interface Gateway extends Ports {
  readonly settings: Settings;
  readonly policy: Policy;
  /** Where messages may be handled after their sockets have ended: what is left of these. */
  readonly endedSockets?: EndedSockets;
  /** When this run has to be over, on the monotonic clock; infinite for a run without an end. */
  readonly deadline: number;
  /** Whether the task of this run does not come again if it fails. */
  readonly isLastAttempt?: boolean;
  /** The limit that all deliveries of this run share; without it, each flow has one to itself. */
  readonly deliveryLimit?: DeliveryLimit;
  /**
   * When the process started, on the monotonic clock. The time of the hooks that waited begins again then. Absent where
   * they wait in no process.
   */
  readonly startedAt?: number;
  /** Counts the hooks, where somebody asks for the counts. */
  readonly meter?: HookMeter;
  /** Sees the hooks, if anybody looks on. */
  readonly watch?: HookWatch | undefined;
}

/** The settings that users set. */
export interface Settings {
  /** Without a trailing slash. */
  readonly webhookBaseUrl: string;
  readonly format: HookFormat;
  /** The hooks that the app wants. */
  readonly hooks: ReadonlySet<HookEvent>;
  readonly hookTimeoutMs: number;
  /** What becomes of a message whose hook fails. */
  readonly messageFailure: MessageFailure;
  /** How long the hook of a message is retried while the app is away, in milliseconds from the first attempt. */
  readonly messageRetryMs: number;
  /** How long a user has to be away from a group before the app hears of it, in milliseconds. */
  readonly presenceGraceMs: number;
  /** In lower case. */
  readonly forwardHeaders: readonly string[];
  readonly requireTicket: boolean;
  /** Serialised origins; undefined lets pages of any origin connect. */
  readonly allowedOrigins: ReadonlySet<string> | undefined;
  /** The most bytes of a message in either direction. */
  readonly messageBytes: number;
  /** Where clients connect, without a query: `wss://...`. */
  readonly webSocketUrl: string;
  /** Whether a reply travels back with the message handler's own answer where it can, or is always posted. */
  readonly replyBy: 'route' | 'post';
  /** Probe each open socket once every N minutes; 0 for never. */
  readonly probeMinutes: number;
  /** The most posts a second of all workers of broadcasts together; infinite for no limit. */
  readonly maxPostsPerSecond: number;
}

/**
 * `retry`: its hook is tried again until the app accepts it, or it becomes a dead letter. `close`: its socket is closed.
 * `drop`: it is lost. With the last two it gets the few attempts of the policy at once, and the loss is logged.
 */
export type MessageFailure = 'retry' | 'close' | 'drop';

/** How the gateway behaves in one world. No setting changes it. Times are in milliseconds. */
export interface Policy {
  /** Whether the deliveries of an answer are queued, or done before the next hook of its socket. */
  readonly defersDeliveries: boolean;
  /** Whether the messages of a socket come in order, and none after its end, whatever their times say. */
  readonly keepsOrder: boolean;
  /** Whether it costs money to look whether the app is back. If not, hooks that are held go on as soon as it is. */
  readonly looksCost: boolean;
  /** How failed hooks are retried. */
  readonly retry: RetryPolicy;
  /** How long after its socket's end a closed hook is retried. */
  readonly closedRetryWindowMs: number;
  /** How long a lease lasts. */
  readonly leaseMs: number;
  /** The pause of a flush that runs before its handshake was accepted. */
  readonly flushRetryMs: number;
  /** How long after the handshake was accepted a 410 is not believed. */
  readonly goneGraceMs: number;
  /** After how long the sweep takes over an unfinished step from its worker; infinite if it never does. */
  readonly staleMs: number;
  /** Whether a sweep flushes an outbox whose worker has died. */
  readonly sweepsFinishFlushes: boolean;
  /** The most sockets of one batch of a broadcast, and the most bytes that are posted to them. */
  readonly batchSockets: number;
  readonly batchBytes: number;
  /** How many batches of a segment are queued by one call. */
  readonly batchesPerCall: number;
  /** How long a worker retries throttled posts of a batch before it leaves them to a later one. */
  readonly batchRetryMs: number;
  /** How many workers post batches at a time. */
  readonly broadcastWorkers: number;
  /** After how long a run is certainly over that has died, where it may leave a change untold; undefined where none can. */
  readonly untoldMs: number | undefined;
  /** How long a socket lives at most. */
  readonly lifeMs: number;
}

/** A message or closed hook that fails is tried `attempts` times in all, with pauses of at most `withinMs` together. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly withinMs: number;
}
