import type { HookEvent } from '../wire/hook.ts';
import type { HookFormat } from '../wire/hook-format.ts';
import type { DeliveryLimit } from './delivery-limit.ts';
import type { Ports } from './ports.ts';

/** A gateway: what it needs from the world, and how it is set. Every flow takes one as its first argument. */
export interface Gateway extends Ports {
  readonly settings: GatewaySettings;
  /** When this run has to be over, on the monotonic clock; infinite where it may go on for ever. */
  readonly deadline: number;
  /** What all deliveries of this run share; those of each flow are by themselves if it is not given. */
  readonly deliveryLimit?: DeliveryLimit;
}

/** The settings that both worlds share (docs/operations.md and docs/aws.md say what those are for that users set). */
export interface GatewaySettings {
  /** Without a trailing slash. */
  readonly webhookBaseUrl: string;
  readonly format: HookFormat;
  readonly hooks: ReadonlySet<HookEvent>;
  readonly hookTimeoutMs: number;
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
  /** Whether what an answer asks of other sockets is queued, or done before the next hook of its socket. */
  readonly defersDeliveries: boolean;
  /** Whether the messages of a socket come in order, and none after its end, whatever their times say. */
  readonly keepsOrder: boolean;
  /** How hooks that failed are tried again. */
  readonly retry: RetrySettings;
  /** How long after its socket's end a closed hook is tried again, in milliseconds. */
  readonly closedRetryMs: number;
  /** How long a flush or a closed hook is nobody else's, in milliseconds. */
  readonly leaseMs: number;
  /** How long a flush waits that came before its handshake was accepted, in milliseconds. */
  readonly flushRetryMs: number;
  /** How long a 410 is not believed after a handshake was accepted, in milliseconds. */
  readonly goneGraceMs: number;
  /** When a step that a worker has begun and not finished is somebody else's to finish, in milliseconds. */
  readonly staleMs: number;
  /** How long a socket lives at most, in milliseconds. */
  readonly lifeMs: number;
  /** In how many minutes every open socket is once asked whether its connection still exists; 0 for never. */
  readonly probeMinutes: number;
}

/** A message or closed hook that fails is tried `attempts` times in all, with pauses of at most `withinMs` together. */
export interface RetrySettings {
  readonly attempts: number;
  readonly withinMs: number;
}
