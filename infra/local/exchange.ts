import type { Dispatcher } from 'undici';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { AnswerReader } from '../../functions/wire/answer-reader.ts';
import type { DeadlineQueue, Expiring } from './deadline-queue.ts';

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/**
 * One hook on its way, as undici's dispatcher sees it. Settles once: with the answer as soon as all of it that
 * matters is there, or at the time-out. What else comes is read and dropped, so that the connection can be used
 * again.
 */
export class Exchange implements Dispatcher.DispatchHandler, Expiring {
  readonly #deadlines: DeadlineQueue;
  readonly #resolve: (response: AppResponse) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #reader: AnswerReader | undefined;
  #isSettled = false;

  constructor(deadlines: DeadlineQueue, resolve: (response: AppResponse) => void) {
    this.#resolve = resolve;
    this.#deadlines = deadlines;
    deadlines.add(this);
  }

  expire(): void {
    this.#fail({ kind: 'timeout' });
    this.#controller?.abort(new Error('The app did not answer in time.'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) controller.abort(new Error('The time for this hook has passed.'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    const contentType = text(headers['content-type']);
    this.#reader = new AnswerReader({ status, contentType, retryAfter: text(headers['retry-after']) });
    this.#settle(this.#reader.early);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const tooLarge = this.#reader?.take(chunk);
    if (tooLarge === undefined) return;
    this.#settle(tooLarge);
    controller.abort(new Error('The answer is too large.'));
  }

  onResponseEnd(): void {
    this.#deadlines.delete(this);
    this.#settle(this.#reader?.end());
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#deadlines.delete(this);
    const why = 'code' in error && error.code !== undefined ? String(error.code) : error.name;
    this.#fail({ kind: this.#controller === undefined ? 'unreachable' : 'broken', why });
  }

  #fail(reason: AppResponse): void {
    this.#settle(this.#reader?.cut(reason) ?? reason);
  }

  #settle(response: AppResponse | undefined): void {
    if (this.#isSettled || response === undefined) return;
    this.#isSettled = true;
    this.#resolve(response);
  }
}

function text(header: string | string[] | undefined): string {
  return Array.isArray(header) ? (header[0] ?? '') : (header ?? '');
}
