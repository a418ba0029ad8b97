import { type Deadline, DeadlineQueue, type Expiring } from './deadline-queue.ts';
import type { CommonFields } from './fields.ts';
import type { Head } from './response-head.ts';
import type { ResponseListener } from './response-parser.ts';
import type { Queued } from './wait-queue.ts';

/** A request over HTTP/1.1, as it is to stand on the wire. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, escaped. */
  readonly target: string;
  /** All of them but for Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes them anew for a request that had to wait for its connection, where they say what time it is. */
  readonly renew?: (() => Readonly<Record<string, string>>) | undefined;
  /** More of them, which many requests have in common and that were written before. */
  readonly fields?: CommonFields | undefined;
  readonly body: string;
  /** When it is made a second time, on a fresh connection, since the first broke before anything was answered. */
  readonly repeats: Repeats;
}

/**
 * What did not leave whole is made again in any case. `stale`: also what went out on a connection that had been kept, and
 * that the server may have closed before. `always`: also whatever the server may have seen.
 */
export type Repeats = 'unsent' | 'stale' | 'always';

/** An exchange as the pool and its connections see it. */
export interface PendingExchange extends ResponseListener, Queued {
  readonly request: HttpRequest;
  place: number;
  /** Whether this is its second try. */
  isRepeated: boolean;
  /** Whether the server may have seen its first one. */
  isSeen: boolean;
  /** Whether nobody waits for it any more. */
  readonly isSettled: boolean;
  /** It has to wait for a connection. */
  waits(): this;
  /** For so many milliseconds more there was no connection at all that it could wait for, and why. */
  starve(ms: number, why: string): void;
  /** Says how to break it off at its time-out. */
  sentOver(abort: () => void): void;
  /** Its connection stands, and the request leaves: from now on the server may see it. */
  leaves(): void;
  /** The answer is here to its end. */
  end(): void;
  /** There is no answer, or not all of it. */
  fail(failure: Failure): void;
}

/** Why there is no answer. */
export type Failure =
  | { readonly kind: 'timeout' }
  /** The request never reached the server. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** The answer is not HTTP, or was cut off. */
  | { readonly kind: 'broken'; readonly why: string };

/** Makes an outcome of what comes of a request. */
export interface ResponseReader<Outcome> {
  /** The outcome, if the head says all that matters. */
  head(head: Head): Outcome | undefined;
  /** The next bytes of the body, in memory that is used again afterwards; an outcome if no more of it is wanted. */
  body(bytes: Buffer): Outcome | undefined;
  end(): Outcome;
  /** May come in place of an answer, or when there is some of it. */
  fail(failure: Failure): Outcome;
}

/** How much is read and dropped of a body that nobody wants, in bytes, for the sake of its connection. */
const maxDropped = 262_144;

/** Why a request was not made that waited for a connection. */
export const noConnectionFree = 'no connection was free in time';

/** How long a request may wait for a connection that stands, and what it then has for its answer. */
export interface ExchangeTimeouts {
  readonly waiting: DeadlineQueue;
  /** Asked when the connection stands. */
  answer(): DeadlineQueue;
}

/**
 * One request on its way to a server and back. Settles once: with an outcome as soon as all that matters is there, or at
 * its time-out, which begins when it is sent unless waiting counts. What else comes is read and dropped, if it is not
 * much, so that the connection can be used again.
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
  /** The queue in which its time runs now, and its place there; none while it may wait for ever. */
  #queue: DeadlineQueue | undefined;
  #deadline: Deadline | undefined;
  #isWaiting = false;
  #starvedMs = 0;
  #isSettled = false;
  #dropped = 0;
  #abort: (() => void) | undefined;

  /**
   * `deadlines` are of the time that it may take, from when it is carried, or from when its connection stands if they
   * are a `Patience`. `waitMs`: how long it may wait for a connection before that, in
   * milliseconds, for ever if that is infinite; if not given, waiting counts.
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

  waits(): this {
    // A second try has what the first has left of its time.
    if (this.#waitMs === undefined || this.#isWaiting || this.isRepeated) return this;
    this.#isWaiting = true;
    this.#run(Number.isFinite(this.#waitMs) ? new DeadlineQueue(this.#waitMs) : undefined);
    return this;
  }

  starve(ms: number, why: string): void {
    this.#starvedMs += ms;
    if ('waiting' in this.#deadlines) return;
    if (this.#isWaiting && this.#starvedMs >= this.#deadlines.ms) this.fail({ kind: 'unreachable', why });
  }

  sentOver(abort: () => void): void {
    this.#abort = abort;
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
    this.fail(this.#isWaiting ? { kind: 'unreachable', why: noConnectionFree } : { kind: 'timeout' });
    this.#abort?.();
  }

  head(head: Head): void {
    this.#settle(this.#reader.head(head));
  }

  body(bytes: Buffer): boolean {
    if (this.#isSettled) {
      this.#dropped += bytes.length;
      return this.#dropped <= maxDropped;
    }
    const early = this.#reader.body(bytes);
    this.#settle(early);
    return early === undefined;
  }

  end(): void {
    this.#run(undefined);
    if (!this.#isSettled) this.#settle(this.#reader.end());
  }

  fail(failure: Failure): void {
    this.#run(undefined);
    if (!this.#isSettled) this.#settle(this.#reader.fail(failure));
  }

  /** From now on its time runs in this queue, from the beginning, and in no other. */
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
