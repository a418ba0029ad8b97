import { err, ok, type Result } from '../wire/result.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { Dialer, type Dialing } from './dialer.ts';
import type { HttpRequest, PendingExchange } from './exchange.ts';
import { writeFields } from './fields.ts';
import { WaitQueue } from './wait-queue.ts';

/** A request target: visible ASCII, and no fragment. RFC 9112 section 3.2. */
const writableTarget = /^\/[!"$-~]*$/;

/** How often idle connections are checked, in milliseconds. */
const tidyMs = 1_000;
/** How long to wait after a shortage on this machine before opening another connection, in milliseconds. */
const shortageMs = 100;

/** A clock for measuring durations: milliseconds from an arbitrary start. */
export interface MonotonicClock {
  monotonic(): number;
}

/** The limits of a connection pool, and how it connects. */
export interface PoolOptions extends Dialing {
  /** The maximum number of connections. Further requests wait, first come, first served. */
  readonly max: number;
  /** How many may be connecting at a time. Further requests wait for any connection that becomes free. */
  readonly opening: number;
}

const unlimited: PoolOptions = {
  max: Number.POSITIVE_INFINITY,
  opening: Number.POSITIVE_INFINITY,
  connectMs: Number.POSITIVE_INFINITY,
  cork: () => {},
  dialTcp: undefined,
};

/**
 * Kept-alive HTTP/1.1 connections to one server, such as `https://app.example`. The client is our own because those of
 * Node.js and of libraries cost several times as much per request. When the pool is full, or this machine has no
 * resources left for a connection, an exchange waits until one becomes free.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly now: () => number;
  /** What follows the target in every request. */
  readonly #firstLines: string;
  /** The target and the method of the last request, and what stands before all its fields. */
  #lastTarget = '';
  #lastMethod = '';
  #lastFirst = '';
  readonly #options: PoolOptions;
  readonly #dialer: Dialer;
  readonly #connections = new Set<Connection>();
  /** How many of them are connected, not just connecting. */
  #connectedCount = 0;
  /** A stack: the connection used last is used next, so that surplus connections age and are closed. */
  #idle: Connection[] = [];
  readonly #waiting = new WaitQueue<PendingExchange>();
  #lastPlace = 0;
  #tidying: NodeJS.Timeout | undefined;
  /** The error of the last attempt to connect, if it failed because this machine ran out of resources. */
  #shortage: string | undefined;
  #pausing: NodeJS.Timeout | undefined;
  /** How many connections to open after the next pause. */
  #openAfterPause = 1;
  #isStopped = false;

  constructor(url: URL, clock: MonotonicClock, options: Partial<PoolOptions> = {}) {
    this.#options = { ...unlimited, ...options };
    this.#firstLines = ` HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`;
    this.now = () => clock.monotonic();
    this.#dialer = new Dialer(url, this.#options);
  }

  /** Sends the request of an exchange. A request that is not valid HTTP fails as unreachable, and nothing is sent. */
  send(exchange: PendingExchange): void {
    this.#lastPlace += 1;
    exchange.place = this.#lastPlace;
    const head = this.#headOf(exchange, exchange.request.headers);
    if (!head.ok) exchange.fail({ kind: 'unreachable', why: head.error });
    else if (this.#waiting.isEmpty) this.#sendOn(exchange, head.value, this.#takeIdle());
    else this.#waiting.enqueue(exchange.waits());
  }

  /** Closes every connection. Requests in flight end as broken. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#tidying);
    clearTimeout(this.#pausing);
    for (const connection of this.#connections) connection.stop();
    for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next())
      next.fail({ kind: 'unreachable', why: 'stopped' });
  }

  connected(): void {
    this.#connectedCount += 1;
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
    if (connection.wasConnected) this.#connectedCount -= 1;
    // A connection that is gone leaves room for another.
    if (connection.wasConnected || this.#shortage === undefined) this.#serve(undefined);
    else this.#pause();
  }

  exhausted(connection: Connection, exchange: PendingExchange, why: string): void {
    this.#connections.delete(connection);
    if (this.#isStopped) exchange.fail({ kind: 'unreachable', why: 'stopped' });
    if (!exchange.isSettled) this.#waiting.requeue(exchange.waits());
    this.#shortage = why;
    this.#openAfterPause = 1;
    // A connection may have become free in the meantime.
    const idle = this.#takeIdle();
    if (idle !== undefined) this.idle(idle);
    this.#pause();
  }

  repeat(exchange: PendingExchange, isOld: boolean): void {
    exchange.isRepeated = true;
    // The other idle connections may be just as stale.
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

  /**
   * Doubles the number after each pause, until an attempt fails: so the pool recovers quickly once the shortage is
   * over.
   */
  #tryAgain(): void {
    this.#pausing = undefined;
    if (this.#connectedCount === 0) {
      for (const one of this.#waiting.all()) one.starve(shortageMs, this.#shortage ?? 'ETIMEDOUT');
    }
    for (let opened = 0; opened < this.#openAfterPause && this.#serve(undefined); opened++);
    this.#openAfterPause *= 2;
    this.#pause();
  }

  /** Gives the first exchange in line this connection, or else a new one. Returns whether any exchange was sent. */
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
    const first = this.#firstOf(request);
    if (first === undefined) return err('ERR_INVALID_URL');
    const own = writeFields(headers);
    if (!own.ok) return own;
    return ok(`${first}${own.value}content-length: ${Buffer.byteLength(request.body)}\r\n\r\n`);
  }

  /** What stands before a request's own headers; many in a row have the same target. Undefined if that is not valid. */
  #firstOf({ method, target, fields }: HttpRequest): string | undefined {
    const isKnown = target === this.#lastTarget && method === this.#lastMethod;
    if (!isKnown) {
      if (!writableTarget.test(target)) return undefined;
      this.#lastTarget = target;
      this.#lastMethod = method;
      this.#lastFirst = `${method} ${target}${this.#firstLines}`;
    }
    return fields === undefined ? this.#lastFirst : this.#lastFirst + fields.lines;
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
    return this.#connections.size < max && this.#connections.size - this.#connectedCount < opening;
  }

  /** Opens a connection, unless the pool is full. */
  #open(): Connection | undefined {
    if (!this.#mayOpen()) return undefined;
    const connection = this.#dialer.dial(this);
    this.#connections.add(connection);
    return connection;
  }
}
