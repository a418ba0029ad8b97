import type { Gateway } from '../gateway/gateway.ts';
import type { Posted } from '../gateway/ports.ts';
import { disconnectInOrder } from '../gateway/relay/disconnect.ts';
import { message } from '../gateway/relay/message.ts';
import type { WebSocketConnection } from '../websocket/web-socket-connection.ts';
import type { WebSocketListener } from '../websocket/web-socket-listener.ts';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { hookId } from '../wire/hook.ts';
import { isPing } from '../wire/ping.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { MessageConsumer, QueuedMessage, SocketQueue } from './socket-queue.ts';

/** What nearly every post comes to. */
const posted: Posted = { kind: 'posted' };

/** How long a client is paused until it is found out whether it is still there, and then again, in milliseconds. */
const probeMs = 15_000;

/** By how much less may wait for each client while there is much of all clients. */
const pressureDivisor = 8;

/** What may wait in a session before its client is paused or given up. */
export interface SessionLimits {
  /** What waits for its hooks, in bytes: that of the messages, and 256 for each. */
  readonly waitingBytes: number;
  /** Bytes that the client has not read. */
  readonly unsentBytes: number;
  /** A message of more bytes is logged, once: on AWS a client has to send it in several frames. */
  readonly frameBytes: number;
}

/**
 * One open WebSocket: brings its messages to the relay one after another, and tells once how it ended. While more
 * waits than the limits say, nothing is read from the client, so that TCP holds it back, until half of that is done.
 */
export class Session implements WebSocketListener, MessageConsumer {
  readonly socket: SocketId;
  /** On the monotonic clock. */
  readonly openedAt: number;
  /** The same: when it was last seen to have been active. */
  #lastActive: number;
  /** Whether it has been active since. */
  #isActive = false;
  readonly #gateway: Gateway;
  readonly #connection: WebSocketConnection;
  readonly #queue: SocketQueue;
  readonly #limits: SessionLimits;
  readonly #gone: (session: Session) => void;
  /** When it was paused, or was last written to in vain; undefined while it is read. On the monotonic clock. */
  #pausedAt: number | undefined;
  #ended = false;

  /** `gone` is called when the connection is no more. */
  constructor(
    gateway: Gateway,
    queue: SocketQueue,
    connection: WebSocketConnection,
    limits: SessionLimits,
    gone: (session: Session) => void,
  ) {
    this.socket = queue.socket;
    this.#gateway = gateway;
    this.#connection = connection;
    this.#queue = queue;
    this.#limits = limits;
    this.#gone = gone;
    this.openedAt = gateway.clock.monotonic();
    this.#lastActive = this.openedAt;
    queue.setConsumer(this);
  }

  /** Writes the frame of a text to the connection. A client that has left too much unread is closed with 1008. */
  post(frame: Uint8Array): Posted {
    if (this.#ended) return { kind: 'ending' };
    if (this.#connection.unsent > this.#limits.unsentBytes) {
      this.close(closeCodes.slowReader);
      return { kind: 'failed', code: 'slow_client' };
    }
    this.#connection.send(frame);
    this.#isActive = true;
    return posted;
  }

  /** Ends the session from this side. What its client has sent until now still counts. */
  close(how: CloseCode): void {
    this.ended(how);
    this.#connection.close(how.code, how.reason);
  }

  /** For how long it has been idle, in milliseconds; to be asked now and then, since that is when activity gets its time. */
  idleAt(now: number): number {
    if (this.#isActive) this.#lastActive = now;
    this.#isActive = false;
    return now - this.#lastActive;
  }

  /** Ends the session because the app wants it to: what waits is dropped too. */
  closeForApp(): void {
    this.#queue.drop();
    this.close(closeCodes.normal);
  }

  /** Lets TCP find out whether a client is still there that is paused for long; `now` is on the monotonic clock. */
  probe(now: number): void {
    if (this.#pausedAt === undefined || now - this.#pausedAt < probeMs) return;
    this.#pausedAt = now;
    this.#connection.probe();
  }

  /** Ends the connection without a close frame. */
  terminate(): void {
    this.#connection.destroy();
  }

  message(body: string, bytes: number): void {
    const time = this.#gateway.clock.now();
    this.#isActive = true;
    if (isPing(body)) return;
    if (bytes > this.#limits.frameBytes) this.#warnOfFrame(bytes);
    this.#queue.receive(body, bytes, time);
    if (this.#queue.waiting < this.#bound) return;
    this.#pausedAt ??= this.#gateway.clock.monotonic();
    this.#connection.pause();
  }

  relay({ id, body, time }: QueuedMessage): Promise<unknown> {
    if (this.#queue.waiting <= this.#bound / 2) {
      this.#pausedAt = undefined;
      this.#connection.resume();
    }
    return message(this.#gateway, { socket: this.socket, id, body, time });
  }

  /** What may wait before the client is paused; less of it while all clients together have much. */
  get #bound(): number {
    return this.#queue.isUnderPressure
      ? this.#limits.waitingBytes / pressureDivisor
      : this.#limits.waitingBytes;
  }

  #warnOfFrame(bytes: number): void {
    const why = 'API Gateway takes frames of 32 KiB at most, and no browser cuts a message into several';
    this.#gateway.log.warnOnce('message_too_large_for_aws', { socket: this.socket, bytes, why });
  }

  shed(): void {
    const { code, reason } = closeCodes.overloaded;
    this.ended({ code, reason });
    this.#connection.fail(code, reason);
  }

  held(bytes: number): void {
    this.#queue.addHeldBytes(bytes);
  }

  alive(): void {
    this.#isActive = true;
  }

  ended(how: Pick<CloseCode, 'code' | 'reason'>): void {
    if (this.#ended) return;
    this.#ended = true;
    const postClosed = disconnectInOrder(this.#gateway, this.socket, how);
    this.#queue.push(postClosed, hookId('closed', this.socket));
  }

  closed(): void {
    this.#gone(this);
  }
}
