import type { Head } from './answer-head.ts';
import type { AnswerListener } from './answer-parser.ts';
import type { DeadlineQueue, Expiring, Wait } from './deadline-queue.ts';
import type { CommonFields } from './fields.ts';

/** A request over HTTP/1.1, as it is to stand on the wire. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, escaped. */
  readonly target: string;
  /** All of them but for Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
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

/** A request as whoever carries it sees it. */
export interface Carried extends AnswerListener {
  readonly request: HttpRequest;
  /** Whether this is its second try. */
  isRepeated: boolean;
  /** Whether the server may have seen its first one. */
  isSeen: boolean;
  /** Whether nobody waits for it any more. */
  readonly isSettled: boolean;
  /** Whether it is too late for it to leave. */
  readonly isLate: boolean;
  /** Says how to break it off at its time-out. */
  carriedBy(abort: () => void): void;
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
export interface Reading<Outcome> {
  /** The outcome, if the head says all that matters. */
  head(head: Head): Outcome | undefined;
  /** The next bytes of the body, in memory that is used again afterwards; an outcome if no more of it is wanted. */
  body(bytes: Buffer): Outcome | undefined;
  end(): Outcome;
  /** May come in place of an answer, or when there is some of it. */
  fail(failure: Failure): Outcome;
}

/** How much is read and dropped of a body that nobody wants, in bytes, for the sake of its connection. */
const mostDropped = 262_144;

/** How long a request may take. */
export interface Patience {
  /** In all. */
  readonly total: DeadlineQueue;
  /** From when its connection stands; no less than in all if it is not given. */
  readonly answer?: DeadlineQueue | undefined;
  /** When a request that waits for a connection is not made any more, on the clock of `performance`; never unless told. */
  readonly leaveBy?: number | undefined;
}

/**
 * One request on its way to a server and back. Settles once: with an outcome as soon as all that matters is there, or at
 * its time-out. What else comes is read and dropped, if it is not much, so that the connection can be used again.
 */
export class Exchange<Outcome> implements Carried, Expiring {
  readonly request: HttpRequest;
  isRepeated = false;
  isSeen = false;
  readonly #reading: Reading<Outcome>;
  readonly #patience: Patience;
  readonly #wait: Wait;
  #answerWait: Wait | undefined;
  readonly #resolve: (outcome: Outcome) => void;
  #isSettled = false;
  #dropped = 0;
  #abort: (() => void) | undefined;

  constructor(
    request: HttpRequest,
    reading: Reading<Outcome>,
    patience: Patience,
    resolve: (outcome: Outcome) => void,
  ) {
    this.request = request;
    this.#reading = reading;
    this.#patience = patience;
    this.#resolve = resolve;
    this.#wait = patience.total.add(this);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isLate(): boolean {
    const { leaveBy } = this.#patience;
    return leaveBy !== undefined && performance.now() >= leaveBy;
  }

  carriedBy(abort: () => void): void {
    this.#abort = abort;
  }

  leaves(): void {
    const { answer } = this.#patience;
    if (answer === undefined || this.#isSettled) return;
    this.#forgetAnswer();
    this.#answerWait = answer.add(this);
  }

  expire(): void {
    // Where connecting has its own time, it is told apart from an answer that does not come.
    const isUnsent = this.#patience.answer !== undefined && this.#answerWait === undefined && !this.isSeen;
    this.fail(isUnsent ? { kind: 'unreachable', why: 'ETIMEDOUT' } : { kind: 'timeout' });
    this.#abort?.();
  }

  head(head: Head): void {
    this.#settle(this.#reading.head(head));
  }

  body(bytes: Buffer): boolean {
    if (this.#isSettled) {
      this.#dropped += bytes.length;
      return this.#dropped <= mostDropped;
    }
    const early = this.#reading.body(bytes);
    this.#settle(early);
    return early === undefined;
  }

  end(): void {
    this.#forget();
    if (!this.#isSettled) this.#settle(this.#reading.end());
  }

  fail(failure: Failure): void {
    this.#forget();
    if (!this.#isSettled) this.#settle(this.#reading.fail(failure));
  }

  #forget(): void {
    this.#patience.total.delete(this.#wait);
    this.#forgetAnswer();
  }

  #forgetAnswer(): void {
    if (this.#answerWait !== undefined) this.#patience.answer?.delete(this.#answerWait);
  }

  #settle(outcome: Outcome | undefined): void {
    if (this.#isSettled || outcome === undefined) return;
    this.#isSettled = true;
    this.#resolve(outcome);
  }
}
