import type { Writable } from 'node:stream';
import { err, ok, type Result } from '../wire/result.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { Dialer } from './dialer.ts';
import type { HttpRequest, PendingExchange } from './exchange.ts';
import { writeFields } from './fields.ts';
import { WaitQueue } from './wait-queue.ts';

/** What a request is for: visible ASCII, and no fragment. RFC 9112 section 3.2. */
const writableTarget = /^\/[!"$-~]*$/;

/** How often connections are looked at that nobody uses, in milliseconds. */
const tidyMs = 1_000;
/** How long it takes after a shortage of our own until another connection is tried, in milliseconds. */
const shortageMs = 100;

/** Milliseconds from any beginning, for how long something takes. */
export interface MonotonicClock {
  monotonic(): number;
}

/** How connections to a server are had. */
export interface PoolOptions {
  /** The most at a time; what is more waits, in its order. */
  readonly max: number;
  /** How many are begun at a time; what needs one waits meanwhile for any that stands. */
  readonly opening: number;
  /** Until a new one stands, with TLS, in milliseconds. */
  readonly connectMs: number;
  /** Called before a request is written, to let what is written together leave together. */
  readonly cork: (stream: Writable) => void;
}

const unlimited: PoolOptions = {
  max: Number.POSITIVE_INFINITY,
  opening: Number.POSITIVE_INFINITY,
  connectMs: Number.POSITIVE_INFINITY,
  cork: () => {},
};

/**
 * One server, `https://app.example`, by kept-alive connections of HTTP/1.1, which are ours: those of Node.js and of
 * others cost several times as much for each request. When there are as many as there may be, or this machine has no
 * more to give, an exchange waits for one that becomes free.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly now: () => number;
  readonly cork: (stream: Writable) => void;
  readonly #host: string;
  readonly #options: PoolOptions;
  readonly #dialer: Dialer;
  readonly #connections = new Set<Connection>();
  /** How many of them have been made, and do not just begin. */
  #standing = 0;
  /** The one that was used last is the next to be used, so that those beyond what is needed become old. */
  #idle: Connection[] = [];
  readonly #waiting = new WaitQueue<PendingExchange>();
  #lastPlace = 0;
  #tidying: NodeJS.Timeout | undefined;
  /** Why this machine has no more to give, if the last connection that was tried could not be had for that. */
  #shortage: string | undefined;
  #pausing: NodeJS.Timeout | undefined;
  /** How many connections are tried after the next pause. */
  #tries = 1;
  #isStopped = false;

  constructor(url: URL, clock: MonotonicClock, options: Partial<PoolOptions> = {}) {
    this.#options = { ...unlimited, ...options };
    this.cork = this.#options.cork;
    this.#host = url.host;
    this.now = () => clock.monotonic();
    this.#dialer = new Dialer(url, this.#options.connectMs);
  }

  /** Makes the request of an exchange. One that can't stand on the wire fails as unreachable, and nothing is sent. */
  send(exchange: PendingExchange): void {
    this.#lastPlace += 1;
    exchange.place = this.#lastPlace;
    const head = this.#headOf(exchange, exchange.request.headers);
    if (!head.ok) exchange.fail({ kind: 'unreachable', why: head.error });
    else if (this.#waiting.isEmpty) this.#sendOn(exchange, head.value, this.#takeIdle());
    else this.#waiting.enqueue(exchange.waits());
  }

  /** Ends every connection; requests under way come back as broken. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#tidying);
    clearTimeout(this.#pausing);
    for (const connection of this.#connections) connection.destroy('stopped');
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next())
      next.fail({ kind: 'unreachable', why: 'stopped' });
  }

  connected(): void {
    this.#standing += 1;
    this.#shortage = undefined;
    this.#serve(undefined);
  }

  idle(connection: Connection): void {
    if (this.#serve(connection)) return;
    this.#idle.push(connection);
    this.#tidying ??= setInterval(() => this.#tidy(), tidyMs).unref();
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection.hasStood) this.#standing -= 1;
    // What one has left another can have.
    if (connection.hasStood || this.#shortage === undefined) this.#serve(undefined);
    else this.#pause();
  }

  exhausted(connection: Connection, exchange: PendingExchange, why: string): void {
    this.#connections.delete(connection);
    if (this.#isStopped) exchange.fail({ kind: 'unreachable', why: 'stopped' });
    if (!exchange.isSettled) this.#waiting.requeue(exchange.waits());
    this.#shortage = why;
    this.#tries = 1;
    // It may have become free while the new one was tried.
    const idle = this.#takeIdle();
    if (idle !== undefined) this.idle(idle);
    this.#pause();
  }

  repeat(exchange: PendingExchange, isOld: boolean): void {
    exchange.isRepeated = true;
    // What else was kept may be as old.
    if (isOld) this.#dropIdle();
    if (this.#isStopped) {
      exchange.fail({ kind: 'broken', why: 'stopped' });
      return;
    }
    this.#waiting.requeue(exchange);
    this.#serve(this.#takeIdle());
  }

  #pause(): void {
    if (this.#pausing !== undefined || this.#waiting.isEmpty || this.#isStopped) return;
    this.#pausing = setTimeout(() => this.#tryAgain(), shortageMs);
  }

  /** Twice as many after each pause until one can't be had: when the shortage is over, all have what they need soon. */
  #tryAgain(): void {
    this.#pausing = undefined;
    if (this.#standing === 0) {
      for (const one of this.#waiting.all()) one.starve(shortageMs, this.#shortage ?? 'ETIMEDOUT');
    }
    for (let tried = 0; tried < this.#tries && this.#serve(undefined); tried++);
    this.#tries *= 2;
    this.#pause();
  }

  /** Gives the first in line this connection, or a new one if there may be more. Whether there was somebody. */
  #serve(connection: Connection | undefined): boolean {
    if (connection === undefined && !this.#mayOpen()) return false;
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next()) {
      const { headers, renew } = next.request;
      const head = this.#headOf(next, renew === undefined ? headers : renew());
      if (head.ok) {
        this.#sendOn(next, head.value, connection);
        return true;
      }
      next.fail({ kind: 'unreachable', why: head.error });
    }
    return false;
  }

  #headOf({ request }: PendingExchange, headers: HttpRequest['headers']): Result<string, string> {
    if (this.#isStopped) return err('stopped');
    const { method, target, fields, body } = request;
    if (!writableTarget.test(target)) return err('ERR_INVALID_URL');
    const own = writeFields(headers);
    if (!own.ok) return own;
    const first = `${method} ${target} HTTP/1.1\r\nhost: ${this.#host}\r\nconnection: keep-alive\r\n`;
    const length = `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return ok(first + (fields?.lines ?? '') + own.value + length);
  }

  #sendOn(exchange: PendingExchange, head: string, connection: Connection | undefined): void {
    let target = connection;
    try {
      target ??= this.#open();
    } catch (error) {
      exchange.fail({ kind: 'unreachable', why: String(error) });
      return;
    }
    if (target === undefined) this.#waiting.requeue(exchange.waits());
    else target.send(exchange, head);
  }

  #takeIdle(): Connection | undefined {
    const now = this.now();
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.isUsable(now)) return last;
      last.destroy();
    }
    return undefined;
  }

  #tidy(): void {
    const now = this.now();
    const old = this.#idle.filter((connection) => !connection.isUsable(now));
    if (old.length > 0) this.#idle = this.#idle.filter((connection) => connection.isUsable(now));
    for (const connection of old) connection.destroy();
    if (this.#idle.length > 0) return;
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }

  #dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #mayOpen(): boolean {
    const { max, opening } = this.#options;
    return this.#connections.size < max && this.#connections.size - this.#standing < opening;
  }

  /** A new connection, unless there are as many as there may be. */
  #open(): Connection | undefined {
    if (!this.#mayOpen()) return undefined;
    const connection = this.#dialer.dial(this);
    this.#connections.add(connection);
    return connection;
  }
}
