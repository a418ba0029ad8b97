import type { Socket } from 'node:net';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { AnswerParser } from './answer-parser.ts';
import type { Exchange } from './exchange.ts';

/** Who has the connections. */
export interface ConnectionOwner {
  /** The connection can be used for another exchange. */
  idle(connection: AppConnection): void;
  gone(connection: AppConnection): void;
  /** The app had closed the connection before it read the request: it is for another connection. */
  stale(exchange: Exchange): void;
}

/** A connection to the app, on which one exchange follows another. */
export class AppConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #exchange: Exchange | undefined;
  #parser = new AnswerParser();
  #isConnected = false;
  #isUsed = false;
  #usableUntil = 0;
  #why = 'the answer was cut off';

  /** `ready` is the socket's event of being connected. What it reads has to be handed to `take`. */
  constructor(socket: Socket, ready: 'connect' | 'secureConnect', owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.once(ready, () => {
      this.#isConnected = true;
    });
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#why = 'code' in error && error.code !== undefined ? String(error.code) : error.message;
    });
    socket.on('close', () => this.#closed());
  }

  /** Whether it can be used at a time, in milliseconds since 1970. */
  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable;
  }

  /** Sends the request of an exchange, as its head (latin1) and its body (UTF-8), and brings it the answer. */
  carry(exchange: Exchange, head: string, body: string, isAscii: boolean): void {
    this.#exchange = exchange;
    exchange.carriedBy(() => this.destroy());
    if (isAscii) {
      this.#socket.write(head + body, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Takes what the app has sent. */
  take(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    const progress = this.#parser.take(bytes, exchange);
    if (progress === 'done') this.#done(exchange);
    if (progress === 'broken') {
      this.#fail(exchange, { kind: 'broken', why: 'the answer is not HTTP' });
      this.destroy();
    }
  }

  destroy(): void {
    this.#usableUntil = 0;
    this.#socket.destroy();
  }

  #done(exchange: Exchange): void {
    const { keptMs } = this.#parser;
    this.#exchange = undefined;
    this.#parser = new AnswerParser();
    this.#isUsed = true;
    exchange.end();
    // An answer that came before its request had left says that the rest of that is not wanted.
    const isKept = keptMs > 0 && this.#socket.writable && this.#socket.writableLength === 0;
    if (!isKept) {
      this.destroy();
      return;
    }
    this.#usableUntil = Date.now() + keptMs;
    this.#owner.idle(this);
  }

  #fail(exchange: Exchange, reason: AppResponse): void {
    this.#exchange = undefined;
    exchange.fail(reason);
  }

  #ended(): void {
    if (this.#exchange !== undefined && this.#parser.end() === 'done') this.#done(this.#exchange);
  }

  #closed(): void {
    this.#usableUntil = 0;
    this.#owner.gone(this);
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const isStale = this.#isUsed && !this.#parser.hasBegun && !exchange.isRepeated;
    if (isStale) {
      this.#exchange = undefined;
      this.#owner.stale(exchange);
      return;
    }
    // An app that dies while it handles a hook looks like a stale connection at first.
    const isSent = this.#isConnected || exchange.isRepeated;
    this.#fail(exchange, { kind: isSent ? 'broken' : 'unreachable', why: this.#why });
  }
}
