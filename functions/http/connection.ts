import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { PendingExchange } from './exchange.ts';
import { ResponseParser } from './response-parser.ts';
import { isShortage } from './shortage.ts';

/** Who has the connections. */
export interface ConnectionOwner {
  /** Milliseconds from any beginning. */
  readonly now: () => number;
  /** Called before something is written to a connection. */
  readonly cork: (stream: Writable) => void;
  /** The connection stands. */
  connected(): void;
  /** The connection can be used for another exchange. */
  idle(connection: Connection): void;
  gone(connection: Connection): void;
  /** There could be no connection for a shortage of our own, and its exchange has to wait; it is gone by that. */
  exhausted(connection: Connection, exchange: PendingExchange, why: string): void;
  /** The connection broke in a way that lets the request be made once more. `isOld`: it had been kept. */
  repeat(exchange: PendingExchange, isOld: boolean): void;
}

/** A connection to a server, on which one exchange follows another. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #exchange: PendingExchange | undefined;
  #parser = new ResponseParser();
  #hasStood = false;
  #isShort = false;
  #isUsed = false;
  #usableUntil = 0;
  /** Why it ends. */
  #why = 'ECONNRESET';
  /** Whether what was written has not left. */
  #isUnsent = false;

  /** `ready` is the socket's event of being connected. What it reads has to be handed to `take`. */
  constructor(socket: Socket, ready: 'connect' | 'secureConnect', owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.once(ready, () => {
      this.#hasStood = true;
      this.#exchange?.leaves();
      owner.connected();
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#why = 'code' in error && error.code !== undefined ? String(error.code) : error.message;
      this.#isUnsent ||= 'syscall' in error && error.syscall === 'write';
      this.#isShort = !this.#hasStood && isShortage(error);
    });
    socket.on('close', () => this.#closed());
  }

  /** Whether it was made, and did not just begin. */
  get hasStood(): boolean {
    return this.#hasStood;
  }

  /** Whether it can be used at a time, on its owner's clock. */
  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable;
  }

  /** Sends the request of an exchange, its head (latin1) and its body (UTF-8), and brings it the answer. */
  send(exchange: PendingExchange, head: string): void {
    this.#exchange = exchange;
    exchange.sentOver(() => this.destroy());
    if (this.#hasStood) exchange.leaves();
    this.#socket.ref();
    this.#owner.cork(this.#socket);
    const { body } = exchange.request;
    // One write where one encoding does for both.
    if (Buffer.byteLength(body) === body.length) {
      this.#socket.write(head + body, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Takes what the server has sent. */
  take(bytes: Buffer): void {
    const exchange = this.#exchange;
    // Nobody has asked.
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    const progress = this.#parser.take(bytes, exchange);
    if (progress === 'done') this.#done(exchange);
    if (progress === 'broken') this.destroy('the answer is not HTTP');
  }

  /** Ends it; why, for the exchange that it carries. */
  destroy(why?: string): void {
    this.#why = why ?? this.#why;
    this.#usableUntil = 0;
    this.#socket.destroy();
  }

  /** Ends it, since it takes too long to stand. */
  giveUp(): void {
    this.unsent();
    this.destroy('ETIMEDOUT');
  }

  /** Nothing was sent on it, and another may do better. */
  unsent(): void {
    this.#isUnsent = true;
  }

  #done(exchange: PendingExchange): void {
    const { keptMs } = this.#parser;
    this.#exchange = undefined;
    this.#parser = new ResponseParser();
    this.#isUsed = true;
    this.#release(keptMs);
    exchange.end();
  }

  #release(keptMs: number): void {
    // An answer that came before its request had left says that the rest of that is not wanted.
    const isKept = keptMs > 0 && this.#socket.writable && this.#socket.writableLength === 0;
    if (!isKept) {
      this.destroy();
      return;
    }
    this.#usableUntil = this.#owner.now() + keptMs;
    this.#socket.unref();
    this.#owner.idle(this);
  }

  /** Whatever the server has not read by now it won't answer. */
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
      // A server that dies while it handles a request looks like a connection that was old at first.
      exchange.isSeen = !this.#isUnsent;
      this.#owner.repeat(exchange, this.#isUsed);
      return;
    }
    const kind = this.#hasStood || exchange.isSeen ? 'broken' : 'unreachable';
    exchange.fail({ kind, why: this.#why });
  }

  /** What the server has begun to answer is not made again. */
  #mayRepeat({ request, isRepeated, isSettled }: PendingExchange): boolean {
    if (isRepeated || isSettled || this.#parser.hasBegun) return false;
    if (this.#isUnsent) return true;
    if (!this.#hasStood) return false;
    return request.repeats === 'always' || (request.repeats === 'stale' && this.#isUsed);
  }
}
