import { GatheredBytes } from '../wire/gathered-bytes.ts';
import { maxSimpleBytes, type SimpleRequest } from './simple-request.ts';
import type { Arrival, TransportListener } from './transport.ts';

/** How long a connection may do nothing before it is closed, as in `node:http`. In milliseconds. */
export const idleMs = 5_000;
/** How long a request may be incomplete before the other server gets it, which has limits of its own. In milliseconds. */
const patienceMs = 1_000;
/** How long a client may leave answers unread, in milliseconds. */
const unreadMs = 120_000;
/** In how many pieces a request may come. Each piece is read again with the next. */
const maxPieces = 4;
/** No request is answered while more bytes of answers wait on this side. */
const maxUnsent = 65_536;
/** How many requests of one client are answered before others get their turn. */
const turnRequests = 64;

/** What a connection waits for: to be closed, at last. */
type Waiting = 'request' | 'rest' | 'answer' | 'reader' | 'close';

/** What a connection needs of those who have it. */
export interface SimpleOwner {
  /** In milliseconds from an arbitrary start. */
  readonly now: number;
  read(bytes: Buffer): SimpleRequest | 'more' | undefined;
  answer(request: SimpleRequest): Promise<Uint8Array>;
  /** Gives the connection to the other server, with what was read and not answered. */
  handOver(connection: SimpleConnection, read: Buffer): void;
  /** Has a request refused of which no more will come. */
  refuse(connection: SimpleConnection): void;
  /** The connection is closed. */
  forget(connection: SimpleConnection): void;
}

/** One connection. Its requests are answered one after another: RFC 9112 section 9.3.2. */
export class SimpleConnection implements TransportListener {
  readonly transport: Arrival;
  readonly #owner: SimpleOwner;
  #waiting: Waiting = 'request';
  /** When it has waited for too long. */
  #until = Number.POSITIVE_INFINITY;
  /** What was read and not answered yet. Nobody else has these bytes. */
  #rest: Buffer | undefined;
  /** What has come behind the rest, while answers were owed. */
  #kept: GatheredBytes | undefined;
  /** In how many pieces the rest came. */
  #pieces = 0;
  /** How many requests were answered in this turn. */
  #answered = 0;
  #isPaused = false;
  #hasFin = false;
  #isClosed = false;

  constructor(transport: Arrival, owner: SimpleOwner) {
    this.transport = transport;
    this.#owner = owner;
  }

  data(bytes: Buffer): void {
    if (this.#waiting === 'answer' || this.#waiting === 'reader') this.#keep(bytes);
    else if (this.#waiting !== 'close') {
      const before = this.#rest;
      this.#rest = undefined;
      this.#pieces += 1;
      this.#answered = 0;
      if (before === undefined) this.#take(bytes, false);
      else this.#take(Buffer.concat([before, bytes]), true);
    }
  }

  ended(): void {
    this.#hasFin = true;
    if (this.#waiting === 'rest') this.#owner.refuse(this);
    else if (this.#waiting === 'request' || this.#waiting === 'close') this.#end();
  }

  drained(): void {
    if (this.#waiting === 'reader') this.#goOn();
    else if (this.#waiting === 'close') this.destroy();
  }

  closed(): void {
    this.#isClosed = true;
    this.#waiting = 'close';
    this.#owner.forget(this);
  }

  destroy(): void {
    this.closed();
    this.transport.destroy();
  }

  tidy(now: number): void {
    const isOver = this.#until <= now;
    if (this.#waiting === 'close' && (isOver || this.transport.unsent === 0)) this.destroy();
    else if (!isOver) return;
    else if (this.#waiting === 'rest') this.#owner.handOver(this, this.#rest ?? nothing);
    else if (this.#waiting === 'request') this.#end();
    else this.destroy();
  }

  /** Keeps what comes before the answers to what came before it. */
  #keep(bytes: Buffer): void {
    this.#kept ??= new GatheredBytes();
    this.#kept.add(bytes);
    if (this.#isPaused || (this.#rest?.length ?? 0) + this.#kept.length < maxSimpleBytes) return;
    this.#isPaused = true;
    this.transport.pause();
  }

  /** `isOwn`: nobody else has these bytes. */
  #take(bytes: Buffer, isOwn: boolean): void {
    const request = this.#pieces > maxPieces ? undefined : this.#owner.read(bytes);
    if (request === 'more') {
      this.#rest = isOwn ? bytes : Buffer.from(bytes);
      if (this.#hasFin) this.#owner.refuse(this);
      else this.#wait('rest', patienceMs);
    } else if (request !== undefined) {
      if (request.bytes < bytes.length) {
        const rest = bytes.subarray(request.bytes);
        this.#rest = isOwn ? rest : Buffer.from(rest);
      }
      void this.#answer(request);
    }
    // Nobody else can read from a connection whose end has been read.
    else if (this.#hasFin) this.#owner.refuse(this);
    else this.#owner.handOver(this, bytes);
  }

  async #answer(request: SimpleRequest): Promise<void> {
    this.#wait('answer', Number.POSITIVE_INFINITY);
    const answer = await this.#owner.answer(request);
    if (this.#isClosed) return;
    this.transport.write(answer);
    this.#answered += 1;
    if (this.transport.unsent > maxUnsent) this.#wait('reader', unreadMs);
    else if (this.#answered < turnRequests) this.#goOn();
    else setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#answered = 0;
    if (!this.#isClosed) this.#goOn();
  }

  /** The last answer has left, or nearly. */
  #goOn(): void {
    const rest = this.#takeRest();
    this.#pieces = 1;
    // Each read may bring far more than leaves with one request.
    if (this.#isPaused && (rest?.length ?? 0) <= maxSimpleBytes) {
      this.#isPaused = false;
      this.transport.resume();
    }
    if (rest !== undefined) this.#take(rest, true);
    else if (this.#hasFin) this.#end();
    else {
      this.#pieces = 0;
      this.#wait('request', idleMs);
    }
  }

  #takeRest(): Buffer | undefined {
    const rest = this.#rest;
    const kept = this.#kept?.bytes;
    this.#rest = undefined;
    this.#kept = undefined;
    return rest === undefined || kept === undefined ? (rest ?? kept) : Buffer.concat([rest, kept]);
  }

  /** Closes the connection once what was written has left. */
  #end(): void {
    this.#wait('close', unreadMs);
    this.transport.end();
    if (this.transport.unsent === 0) this.destroy();
  }

  #wait(what: Waiting, ms: number): void {
    this.#waiting = what;
    this.#until = this.#owner.now + ms;
  }
}

const nothing = Buffer.alloc(0);
