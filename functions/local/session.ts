import type { Gateway } from '../gateway/gateway.ts';
import type { Posted } from '../gateway/ports.ts';
import { disconnectInOrder } from '../gateway/relay/disconnect.ts';
import { hookFacts } from '../gateway/relay/hook-facts.ts';
import { HookUnkept } from '../gateway/relay/hook-failed.ts';
import { message } from '../gateway/relay/message.ts';
import { textFrame } from '../websocket/frames.ts';
import type { WebSocketConnection } from '../websocket/web-socket-connection.ts';
import type { WebSocketListener } from '../websocket/web-socket-listener.ts';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { hookId } from '../wire/hook.ts';
import { isPing, pongFrame } from '../wire/ping.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { MessageConsumer, QueuedMessage } from './message-consumer.ts';
import type { Pressure } from './queue-supervisor.ts';
import type { SocketQueue } from './socket-queue.ts';
import type { Traffic } from './traffic.ts';

/** The outcome of nearly every post; one object for all. */
const posted: Posted = { kind: 'posted' };

/** How long a client is paused before each check whether it is still there, in milliseconds. */
const probeMs = 15_000;

/** The answer to a ping. */
const pong = textFrame(pongFrame);
/** A ping is answered only if at most this many bytes are unsent, so that pings alone pile nothing up. */
const unsentForPong = 16_384;

/** The bound of each client's backlog is divided by this, by how large all backlogs together are. */
const divisors: Readonly<Record<Pressure, number>> = { none: 1, some: 8, high: 64 };

/** The limits of a session: beyond them its client is paused or closed. */
export interface SessionLimits {
  /** Bytes of the backlog: its texts, and 256 for each message. */
  readonly waitingBytes: number;
  /** Bytes that the client has not read. */
  readonly unsentBytes: number;
  /** A larger message is logged, once: on AWS a client has to send it in several frames. */
  readonly frameBytes: number;
}

/**
 * One open WebSocket. Gives its messages to the relay one after another, and ends its socket once. While its backlog is
 * over the limit, the gateway stops reading from the client, so that TCP holds it back, until half of the limit is free.
 */
export class Session implements WebSocketListener, MessageConsumer {
  readonly socket: SocketId;
  /** On the monotonic clock. */
  readonly openedAt: number;
  /** When it was last known to be active. On the monotonic clock. */
  #lastActive: number;
  /** Whether it has been active since then. */
  #isActive = false;
  readonly #gateway: Gateway;
  readonly #connection: WebSocketConnection;
  readonly #queue: SocketQueue;
  readonly #limits: SessionLimits;
  readonly #gone: (session: Session) => void;
  readonly #traffic: Traffic;
  /** When it was paused or last probed; undefined while the gateway reads from it. On the monotonic clock. */
  #pausedAt: number | undefined;
  #ended = false;

  /** `gone` is called when the connection has closed. */
  constructor(
    gateway: Gateway,
    queue: SocketQueue,
    connection: WebSocketConnection,
    limits: SessionLimits,
    gone: (session: Session) => void,
    traffic: Traffic,
  ) {
    this.socket = queue.socket;
    this.#gateway = gateway;
    this.#connection = connection;
    this.#queue = queue;
    this.#limits = limits;
    this.#gone = gone;
    this.#traffic = traffic;
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

  /** Whether it has ended, from either side. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** How long it has been idle, in milliseconds. Call it regularly: activity counts from the call that notices it. */
  idleAt(now: number): number {
    if (this.#isActive) this.#lastActive = now;
    this.#isActive = false;
    return now - this.#lastActive;
  }

  /** Ends the session because the app closes it, or because a message of it failed. Drops its backlog too. */
  closeForApp(how: CloseCode): void {
    const count = this.#queue.drop();
    if (how.code !== closeCodes.normal.code && count > 0) {
      const request = hookId('closed', this.socket);
      this.#gateway.log.error('messages_lost', { request, count, why: how.reason });
    }
    this.close(how);
  }

  /** Lets TCP find out whether a client that has been paused for long is still there. `now` is on the monotonic clock. */
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
    if (isPing(body)) {
      this.#answerPing();
      return;
    }
    this.#traffic.received(bytes);
    if (bytes > this.#limits.frameBytes) this.#warnOfLargeMessage(bytes);
    this.#queue.receive(body, bytes, time);
    if (this.#queue.waiting < this.#backlogLimit) return;
    this.#pausedAt ??= this.#gateway.clock.monotonic();
    this.#connection.pause();
  }

  relay({ id, body, time }: QueuedMessage): Promise<unknown> {
    this.shrunk();
    return message(this.#gateway, { socket: this.socket, id, body, time });
  }

  /** A client whose message nothing can keep is closed, so that it knows. What it has sent since still counts. */
  failed(error: unknown): boolean {
    if (!(error instanceof HookUnkept)) return false;
    const { breaker, log } = this.#gateway;
    breaker.held.lost += 1;
    log.error('hook_lost', { ...hookFacts(error.hook), why: error.message });
    this.close(closeCodes.overloaded);
    return true;
  }

  /** Reads from the client again, if it was paused and half of its limit is free. */
  shrunk(): void {
    if (this.#queue.waiting > this.#backlogLimit / 2) return;
    this.#pausedAt = undefined;
    this.#connection.resume();
  }

  /** The bytes of backlog that pause the client; fewer while all backlogs together are large. */
  get #backlogLimit(): number {
    return this.#limits.waitingBytes / divisors[this.#queue.pressure];
  }

  /** A client with more unsent is about to receive that, which says as much as a pong. */
  #answerPing(): void {
    if (this.#connection.unsent <= unsentForPong) this.#connection.send(pong);
  }

  #warnOfLargeMessage(bytes: number): void {
    const why = 'API Gateway takes frames of 32 KiB at most, and no browser splits a message into several';
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
    this.#queue.push(postClosed);
  }

  closed(): void {
    this.#gone(this);
  }
}
