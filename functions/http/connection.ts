import type { ClientTransport, ClientTransportListener } from './client-transport.ts';
import type { PendingExchange } from './exchange.ts';
import { ResponseParser } from './response-parser.ts';
import { shortageOf } from './shortage.ts';

/** The owner of a connection, which is notified of its changes. */
export interface ConnectionOwner {
  /** Milliseconds from an arbitrary start. */
  readonly now: () => number;
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
export class Connection implements ClientTransportListener {
  readonly #transport: ClientTransport;
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
  #connecting: NodeJS.Timeout | undefined;

  /** `connectMs` is how long connecting may take, in milliseconds. */
  constructor(transport: ClientTransport, owner: ConnectionOwner, connectMs: number) {
    this.#transport = transport;
    this.#owner = owner;
    transport.setListener(this);
    if (!Number.isFinite(connectMs)) return;
    // Wait one more turn: if this process got no CPU for a while, the event that says "connected" may still be queued.
    this.#connecting = setTimeout(() => setImmediate(() => this.#giveUp()), connectMs);
  }

  /** Whether it was ever established. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  /** Whether it can be used at this time, on its owner's clock. */
  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#transport.isWritable;
  }

  /**
   * Sends the request of an exchange, its head in latin1 and its body in UTF-8, and passes the answer to the exchange.
   */
  send(exchange: PendingExchange, head: string): void {
    this.#exchange = exchange;
    exchange.sentOver(this);
    if (this.#wasConnected) exchange.leaves();
    this.#transport.ref();
    this.#transport.write(head, exchange.request.body);
  }

  connected(): void {
    clearTimeout(this.#connecting);
    this.#wasConnected = true;
    // On Bun, connections that came while the process was busy are told of before its timers.
    if (this.#exchange?.isLate === true) this.#exchange.expire();
    else this.#exchange?.leaves();
    this.#owner.connected();
  }

  data(bytes: Buffer): void {
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
    this.#transport.destroy();
  }

  /** Closes the connection for good. Its exchange, if any, fails at once: to close one that is connecting may take long. */
  stop(): void {
    this.destroy('stopped');
    const exchange = this.#exchange;
    if (exchange === undefined || this.#wasConnected) return;
    this.#exchange = undefined;
    exchange.fail({ kind: 'unreachable', why: 'stopped' });
  }

  /** Records that nothing was sent, so that the request may go over another connection. */
  unsent(): void {
    this.#isUnsent = true;
  }

  failed(error: Error): void {
    const shortage = this.#wasConnected ? undefined : shortageOf(error);
    const code = 'code' in error ? error.code : undefined;
    this.#why = shortage ?? String(code ?? error.message);
    this.#isShort = shortage !== undefined;
  }

  #giveUp(): void {
    if (this.#wasConnected) return;
    this.unsent();
    this.destroy('ETIMEDOUT');
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
    const isKept = keptMs > 0 && this.#transport.isWritable && !this.#transport.hasUnsent;
    if (!isKept) {
      this.destroy();
      return;
    }
    this.#usableUntil = this.#owner.now() + keptMs;
    this.#transport.unref();
    this.#owner.idle(this);
  }

  /** The server has sent its FIN, so it will not answer anything more. */
  ended(): void {
    if (this.#exchange !== undefined && this.#parser.end() === 'done') this.#done(this.#exchange);
    else this.destroy();
  }

  closed(): void {
    clearTimeout(this.#connecting);
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
