import { maxSimpleBytes, readSimpleRequest, type SimpleRequest } from './simple-request.ts';
import type { Arrival, TransportListener } from './transport.ts';

/** Answers simple requests. */
export interface SimpleServer {
  /** Whether requests for this target are answered. */
  serves(target: string): boolean;
  /** The whole answer to a request, whose connection stays open. Never rejects. */
  answer(request: SimpleRequest): Promise<Uint8Array>;
}

/** How long a connection may do nothing before it is closed, as in `node:http`. In milliseconds. */
export const idleMs = 5_000;
/** How long a request may be incomplete before the other server gets it, which has limits of its own. In milliseconds. */
const patienceMs = 1_000;
/** How long a client may leave answers unread, in milliseconds. */
const unreadMs = 120_000;
/** How often that is checked, in milliseconds. */
const tidyMs = 1_000;
/** In how many pieces a request may come. Each piece is read again with the next. */
const maxPieces = 4;
/** No request is answered while more bytes of answers wait on this side. */
const maxUnsent = 65_536;

/** What a connection waits for. */
type Waiting = 'request' | 'rest' | 'answer' | 'reader';

/**
 * Connections whose requests have all been simple. `node:http` takes several times as long for a request. As soon as one
 * is not simple, its connection goes to the other server for good, with its bytes untouched.
 */
export class SimpleRequests {
  readonly #server: SimpleServer;
  readonly #headBytes: number;
  readonly #other: (transport: Arrival, read: Buffer) => void;
  readonly #connections = new Set<SimpleConnection>();
  #tidying: NodeJS.Timeout | undefined;

  /** `other` gets each connection with a request that is not simple, and what was read of it. */
  constructor(server: SimpleServer, headBytes: number, other: (transport: Arrival, read: Buffer) => void) {
    this.#server = server;
    this.#headBytes = headBytes;
    this.#other = other;
  }

  /** Takes a connection, with what was read. */
  take(transport: Arrival, read: Buffer): void {
    const connection = new SimpleConnection(transport, this);
    this.#connections.add(connection);
    this.#tidying ??= setInterval(() => this.#tidy(), tidyMs).unref();
    transport.setListener(connection);
    connection.data(read);
  }

  read(bytes: Buffer): SimpleRequest | 'more' | undefined {
    return readSimpleRequest(bytes, this.#headBytes, (target) => this.#server.serves(target));
  }

  answer(request: SimpleRequest): Promise<Uint8Array> {
    return this.#server.answer(request);
  }

  handOver(connection: SimpleConnection, read: Buffer): void {
    this.#connections.delete(connection);
    this.#other(connection.transport, read);
  }

  closed(connection: SimpleConnection): void {
    this.#connections.delete(connection);
  }

  /** Ends all connections. */
  stop(): void {
    clearInterval(this.#tidying);
    for (const { transport } of this.#connections) transport.destroy();
    this.#connections.clear();
  }

  #tidy(): void {
    const now = performance.now();
    for (const connection of this.#connections) if (connection.until <= now) connection.expire();
    if (this.#connections.size > 0) return;
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }
}

/** One connection. Its requests are answered one after another: RFC 9112 section 9.3.2. */
class SimpleConnection implements TransportListener {
  readonly transport: Arrival;
  /** When it has waited for too long. */
  until = Number.POSITIVE_INFINITY;
  readonly #owner: SimpleRequests;
  #waiting: Waiting = 'request';
  /** What was read and not answered yet. */
  #rest: Buffer | undefined;
  /** In how many pieces the rest came. */
  #pieces = 0;
  #isPaused = false;
  #hasFin = false;
  #isClosed = false;

  constructor(transport: Arrival, owner: SimpleRequests) {
    this.transport = transport;
    this.#owner = owner;
  }

  data(bytes: Buffer): void {
    if (this.#waiting === 'answer' || this.#waiting === 'reader') this.#keep(bytes);
    else {
      const before = this.#rest;
      this.#rest = undefined;
      this.#pieces += 1;
      this.#take(before === undefined ? bytes : Buffer.concat([before, bytes]));
    }
  }

  ended(): void {
    this.#hasFin = true;
    if (this.#waiting === 'request' || this.#waiting === 'rest') this.transport.destroy();
  }

  drained(): void {
    if (this.#waiting === 'reader') this.#goOn();
  }

  closed(): void {
    this.#isClosed = true;
    this.#owner.closed(this);
  }

  /** It has waited for too long. */
  expire(): void {
    const rest = this.#rest;
    if (this.#waiting !== 'rest' || rest === undefined) this.transport.destroy();
    else this.#owner.handOver(this, rest);
  }

  /** Keeps what comes before the answers to what came before it. */
  #keep(bytes: Buffer): void {
    this.#rest = Buffer.concat(this.#rest === undefined ? [bytes] : [this.#rest, bytes]);
    if (this.#isPaused || this.#rest.length < maxSimpleBytes) return;
    this.#isPaused = true;
    this.transport.pause();
  }

  #take(bytes: Buffer): void {
    const request = this.#pieces > maxPieces ? undefined : this.#owner.read(bytes);
    if (request === undefined) this.#owner.handOver(this, bytes);
    else if (request === 'more') {
      this.#rest = Buffer.from(bytes);
      this.#wait('rest', patienceMs);
    } else {
      if (request.bytes < bytes.length) this.#rest = Buffer.from(bytes.subarray(request.bytes));
      void this.#answer(request);
    }
  }

  async #answer(request: SimpleRequest): Promise<void> {
    this.#wait('answer', Number.POSITIVE_INFINITY);
    const answer = await this.#owner.answer(request);
    if (this.#isClosed) return;
    this.transport.write(answer);
    if (this.transport.unsent > maxUnsent) this.#wait('reader', unreadMs);
    else this.#goOn();
  }

  /** The last answer has left. */
  #goOn(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    this.#pieces = 1;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.transport.resume();
    }
    if (rest !== undefined) this.#take(rest);
    else if (this.#hasFin) this.transport.end();
    else {
      this.#pieces = 0;
      this.#wait('request', idleMs);
    }
  }

  #wait(what: Waiting, ms: number): void {
    this.#waiting = what;
    this.until = performance.now() + ms;
  }
}
