import type { ClientTransport } from './client-transport.ts';
import { type Deadline, DeadlineQueue, type Expiring } from './deadline-queue.ts';
import type { CommonFields } from './fields.ts';
import type { Head } from './response-head.ts';
import type { ResponseListener } from './response-parser.ts';
import type { Queued } from './wait-queue.ts';

/** An HTTP/1.1 request, as it goes on the wire. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, escaped. */
  readonly target: string;
  /** All headers except Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the headers again for a request that had to wait for its connection, if they contain the time. */
  readonly renew?: (() => Readonly<Record<string, string>>) | undefined;
  /** Further headers that many requests share, checked and written once. */
  readonly fields?: CommonFields | undefined;
  readonly body: string;
  /** When to repeat the request, once, on a fresh connection, if its connection broke before any answer. */
  readonly repeats: Repeats;
}

/**
 * A request that did not leave in full is always repeated. `stale`: also one sent on a reused connection, which the
 * server may have closed before. `always`: also one that the server may have seen.
 */
export type Repeats = 'unsent' | 'stale' | 'always';

/** An exchange, as seen by the pool and its connections. */
export interface PendingExchange extends ResponseListener, Queued {
  readonly request: HttpRequest;
  place: number;
  /** Whether this is the second attempt. */
  isRepeated: boolean;
  /** Whether the server may have seen the first attempt. */
  isSeen: boolean;
  /** Whether it already has its outcome. */
  readonly isSettled: boolean;
  /** Whether its time has passed. It may still be a moment until it expires. */
  readonly isLate: boolean;
  /** Its time has passed. */
  expire(): void;
  /** Notes that it has to wait for a connection. Returns itself. */
  waits(): this;
  /** Notes that for another `ms` milliseconds the pool had no connection at all, and why. */
  starve(ms: number, why: string): void;
  /** Notes that a connection carries it now, which it destroys when it times out. */
  sentOver(connection: Pick<ClientTransport, 'destroy'>): void;
  /** Notes that its connection is established and the request leaves: from now on the server may see it. */
  leaves(): void;
  /** The answer is complete. */
  end(): void;
  /** The answer is missing or incomplete. */
  fail(failure: Failure): void;
}

/** Why there is no answer. */
export type Failure =
  | { readonly kind: 'timeout' }
  /**
   * The request never reached the server. `isOurs`: this side had no connection for it, so the server is not to blame.
   */
  | { readonly kind: 'unreachable'; readonly why: string; readonly isOurs?: true }
  /** The answer is not HTTP, or was cut off. */
  | { readonly kind: 'broken'; readonly why: string };

/** Turns the answer to a request into an outcome. */
export interface ResponseReader<Outcome> {
  /** The outcome, if the head is all that matters. */
  head(head: Head): Outcome | undefined;
  /**
   * Takes the next bytes of the body, which are those from `from` to `to` of a buffer that is reused afterwards. Returns
   * an outcome if it needs no more.
   */
  body(bytes: Buffer, from: number, to: number): Outcome | undefined;
  /** Hears what comes after its outcome: bytes that are dropped next, and undefined once no more are read. */
  after?(bytes: Buffer | undefined): void;
  end(): Outcome;
  /** Called instead of `end`, possibly after part of the answer. */
  fail(failure: Failure): Outcome;
}

/** How many unwanted bytes of a body are read and dropped, so that the connection can be reused. */
const maxDropped = 262_144;

/** Why a request that waited for a connection was never sent. */
export const noConnectionFree = 'no connection was free in time';
const unsent: Failure = { kind: 'unreachable', why: noConnectionFree, isOurs: true };

/** How long a request may wait until its connection is established, and then for its answer. */
export interface ExchangeTimeouts {
  readonly waiting: DeadlineQueue;
  /** Called once the connection is established. */
  answer(): DeadlineQueue;
}

/**
 * One request and its answer. Settles once: with an outcome as soon as everything that matters has arrived, or when it
 * times out. The timeout starts when the request is sent, unless waiting counts. The rest of the answer is read and
 * dropped, up to a limit, so that the connection can be reused.
 */
export class Exchange<Outcome> implements PendingExchange, Expiring {
  readonly request: HttpRequest;
  place = 0;
  isRepeated = false;
  isSeen = false;
  readonly #reader: ResponseReader<Outcome>;
  readonly #deadlines: DeadlineQueue | ExchangeTimeouts;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #waitMs: number | undefined;
  /** The queue that currently times it, and its entry there. None while it may wait indefinitely. */
  #queue: DeadlineQueue | undefined;
  #deadline: Deadline | undefined;
  #isWaiting = false;
  #starvedMs = 0;
  #isSettled = false;
  #dropped = 0;
  #connection: Pick<ClientTransport, 'destroy'> | undefined;

  /**
   * `deadlines` limits the time from when a connection carries the request, or, as `ExchangeTimeouts`, from when that
   * connection is established. `waitMs` is how long it may wait for a connection before that, in milliseconds; it may
   * be infinite. Without it, waiting counts as part of the timeout.
   */
  constructor(
    request: HttpRequest,
    reader: ResponseReader<Outcome>,
    deadlines: DeadlineQueue | ExchangeTimeouts,
    resolve: (outcome: Outcome) => void,
    waitMs?: number,
  ) {
    this.request = request;
    this.#reader = reader;
    this.#deadlines = deadlines;
    this.#resolve = resolve;
    this.#waitMs = waitMs;
    this.#isWaiting = 'waiting' in deadlines;
    this.#queue = 'waiting' in deadlines ? deadlines.waiting : deadlines;
    this.#deadline = this.#queue.add(this);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isLate(): boolean {
    return this.#deadline !== undefined && this.#deadline.due <= performance.now();
  }

  waits(): this {
    // A second attempt gets the time that the first has left.
    if (this.#waitMs === undefined || this.#isWaiting || this.isRepeated) return this;
    this.#isWaiting = true;
    this.#run(Number.isFinite(this.#waitMs) ? new DeadlineQueue(this.#waitMs) : undefined);
    return this;
  }

  starve(ms: number, why: string): void {
    this.#starvedMs += ms;
    if ('waiting' in this.#deadlines) return;
    if (this.#isWaiting && this.#starvedMs >= this.#deadlines.ms)
      this.fail({ kind: 'unreachable', why, isOurs: true });
  }

  sentOver(connection: Pick<ClientTransport, 'destroy'>): void {
    this.#connection = connection;
    if (!this.#isWaiting || 'waiting' in this.#deadlines) return;
    this.#isWaiting = false;
    this.#run(this.#deadlines);
  }

  leaves(): void {
    if (!this.#isWaiting || !('waiting' in this.#deadlines)) return;
    this.#isWaiting = false;
    this.#run(this.#deadlines.answer());
  }

  expire(): void {
    this.fail(this.#isWaiting ? unsent : { kind: 'timeout' });
    this.#connection?.destroy();
  }

  head(head: Head): void {
    this.#settle(this.#reader.head(head));
  }

  body(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isSettled) {
      this.#dropped += to - from;
      const goesOn = this.#dropped <= maxDropped;
      this.#reader.after?.(goesOn ? bytes.subarray(from, to) : undefined);
      return goesOn;
    }
    const early = this.#reader.body(bytes, from, to);
    this.#settle(early);
    return early === undefined;
  }

  end(): void {
    this.#run(undefined);
    if (this.#isSettled) this.#reader.after?.(undefined);
    else this.#settle(this.#reader.end());
  }

  fail(failure: Failure): void {
    this.#run(undefined);
    if (this.#isSettled) this.#reader.after?.(undefined);
    else this.#settle(this.#reader.fail(failure));
  }

  /** Restarts its timeout in this queue, and in no other. */
  #run(queue: DeadlineQueue | undefined): void {
    if (this.#deadline !== undefined) this.#queue?.delete(this.#deadline);
    this.#queue = queue;
    this.#deadline = queue?.add(this);
  }

  #settle(outcome: Outcome | undefined): void {
    if (this.#isSettled || outcome === undefined) return;
    this.#isSettled = true;
    this.#resolve(outcome);
  }
}
