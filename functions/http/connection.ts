import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { PendingExchange } from './exchange.ts';
import { ResponseParser } from './response-parser.ts';
import { isShortage } from './shortage.ts';

/** The owner of a connection, which is notified of its changes. */
export interface ConnectionOwner {
  /** Milliseconds from an arbitrary start. */
  readonly now: () => number;
  /** Called before every write to a connection. */
  readonly cork: (stream: Writable) => void;
  /** The connection is established. */
  connected(): void;
  /** The connection is free for another exchange. */
  idle(connection: Connection): void;
  gone(connection: Connection): void;
  /**
   * This machine lacks the resources for the connection. It is gone without a call of `gone`, and its exchange has to
   * wait.
   */
  exhausted(connection: Connection, exchange: PendingExchange, why: string): void;
  /** The connection broke, but its request may be repeated. `isOld`: the connection had been used before. */
  repeat(exchange: PendingExchange, isOld: boolean): void;
}

/** A connection to a server. It carries one exchange at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #exchange: PendingExchange | undefined;
  readonly #parser = new ResponseParser();
  #wasConnected = false;
  #isShort = false;
  #isUsed = false;
  #usableUntil = 0;
  /** Why the connection ends. */
  #why = 'ECONNRESET';
  /** Whether the request never left this machine. */
  #isUnsent = false;

  /** `ready` is the event that says that the socket is connected. The caller passes what the socket reads to `take`. */
  constructor(socket: Socket, ready: 'connect' | 'secureConnect', owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.once(ready, () => {
      this.#wasConnected = true;
      this.#exchange?.leaves();
      owner.connected();
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#why = 'code' in error && error.code !== undefined ? String(error.code) : error.message;
      this.#isUnsent ||= 'syscall' in error && error.syscall === 'write';
      this.#isShort = !this.#wasConnected && isShortage(error);
    });
    socket.on('close', () => this.#closed());
  }

  /** Whether it was ever established. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  /** Whether it can be used at this time, on its owner's clock. */
  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable;
  }

  /**
   * Sends the request of an exchange, its head in latin1 and its body in UTF-8, and passes the answer to the exchange.
   */
  send(exchange: PendingExchange, head: string): void {
    this.#exchange = exchange;
    exchange.sentOver(() => this.destroy());
    if (this.#wasConnected) exchange.leaves();
    this.#socket.ref();
    this.#owner.cork(this.#socket);
    const { body } = exchange.request;
    // An ASCII body has the same bytes in both encodings, so one write is enough.
    if (Buffer.byteLength(body) === body.length) {
      this.#socket.write(head + body, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Takes bytes that the server sent. */
  take(bytes: Buffer): void {
    const exchange = this.#exchange;
    // The server sent something without a request.
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    const progress = this.#parser.take(bytes, exchange);
    if (progress === 'done') this.#done(exchange);
    if (progress === 'broken') this.destroy('the answer is not HTTP');
  }

  /** Closes the connection. Its exchange, if any, fails with `why`. */
  destroy(why?: string): void {
    this.#why = why ?? this.#why;
    this.#usableUntil = 0;
    this.#socket.destroy();
  }

  /** Closes the connection because connecting takes too long. */
  giveUp(): void {
    this.unsent();
    this.destroy('ETIMEDOUT');
  }

  /** Records that nothing was sent, so that the request may go over another connection. */
  unsent(): void {
    this.#isUnsent = true;
  }

  #done(exchange: PendingExchange): void {
    const { keptMs } = this.#parser;
    this.#exchange = undefined;
    this.#parser.reset();
    this.#isUsed = true;
    this.#release(keptMs);
    exchange.end();
  }

  #release(keptMs: number): void {
    // An answer that arrives before its request has left means that the server does not want the rest of the request.
    const isKept = keptMs > 0 && this.#socket.writable && this.#socket.writableLength === 0;
    if (!isKept) {
      this.destroy();
      return;
    }
    this.#usableUntil = this.#owner.now() + keptMs;
    this.#socket.unref();
    this.#owner.idle(this);
  }

  /** The server has sent its FIN, so it will not answer anything more. */
  #ended(): void {
    if (this.#exchange !== undefined && this.#parser.end() === 'done') this.#done(this.#exchange);
    else this.destroy();
  }

  #closed(): void {
    this.#usableUntil = 0;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined && this.#isShort) {
      this.#owner.exhausted(this, exchange, this.#why);
      return;
    }
    if (exchange !== undefined) this.#breakOff(exchange);
    this.#owner.gone(this);
  }

  #breakOff(exchange: PendingExchange): void {
    if (this.#mayRepeat(exchange)) {
      // A server that dies while it handles a request looks, at first, like a stale connection.
      exchange.isSeen = !this.#isUnsent;
      this.#owner.repeat(exchange, this.#isUsed);
      return;
    }
    const kind = this.#wasConnected || exchange.isSeen ? 'broken' : 'unreachable';
    exchange.fail({ kind, why: this.#why });
  }

  /** A request is not repeated once the server has begun to answer it. */
  #mayRepeat({ request, isRepeated, isSettled }: PendingExchange): boolean {
    if (isRepeated || isSettled || this.#parser.hasBegun) return false;
    if (this.#isUnsent) return true;
    if (!this.#wasConnected) return false;
    return request.repeats === 'always' || (request.repeats === 'stale' && this.#isUsed);
  }
}
