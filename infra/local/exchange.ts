import type { AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { type AnswerHead, AnswerReader } from '../../functions/wire/answer-reader.ts';
import type { AnswerListener } from './answer-parser.ts';
import type { DeadlineQueue, Expiring } from './deadline-queue.ts';

/**
 * One hook on its way to the app and back. Settles once: with the answer as soon as all of it that matters is there,
 * or at the time-out. What else comes is read and dropped, so that the connection can be used again.
 */
export class Exchange implements AnswerListener, Expiring {
  readonly request: AppRequest;
  /** Whether it was sent before, on a connection that the app had just closed. */
  isRepeated = false;
  readonly #deadlines: DeadlineQueue;
  readonly #resolve: (response: AppResponse) => void;
  #reader: AnswerReader | undefined;
  #isSettled = false;
  #abort: (() => void) | undefined;

  constructor(request: AppRequest, deadlines: DeadlineQueue, resolve: (response: AppResponse) => void) {
    this.request = request;
    this.#deadlines = deadlines;
    this.#resolve = resolve;
    deadlines.add(this);
  }

  /** Says how to break it off at its time-out, by whoever carries it now. */
  carriedBy(abort: () => void): void {
    this.#abort = abort;
  }

  expire(): void {
    this.fail({ kind: 'timeout' });
    this.#abort?.();
  }

  head(head: AnswerHead): void {
    this.#reader = new AnswerReader(head);
    this.#settle(this.#reader.early);
  }

  body(bytes: Buffer): boolean {
    const tooLarge = this.#reader?.take(bytes);
    this.#settle(tooLarge);
    return tooLarge === undefined;
  }

  /** The answer is here to its end. */
  end(): void {
    this.#deadlines.delete(this);
    this.#settle(this.#reader?.end());
  }

  /** It came to nothing, or to what is known of an answer that was cut off. */
  fail(reason: AppResponse): void {
    this.#deadlines.delete(this);
    this.#settle(this.#reader?.cut(reason) ?? reason);
  }

  #settle(response: AppResponse | undefined): void {
    if (this.#isSettled || response === undefined) return;
    this.#isSettled = true;
    this.#resolve(response);
  }
}
