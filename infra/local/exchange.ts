import type { Dispatcher } from 'undici';
import { isActions } from '../../functions/wire/actions.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { limits } from '../../functions/wire/limits.ts';

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/**
 * One hook on its way, as undici's dispatcher sees it. Settles once: with the answer as soon as all of it that
 * matters is there, or at the time-out. A body is kept only if it can carry actions, and never more of it than
 * 1 MiB; what else comes is read and dropped, so that the connection can be used again.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #timer: NodeJS.Timeout;
  readonly #resolve: (response: AppResponse) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #status = 0;
  #contentType = '';
  #retryAfter = '';
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(timeoutMs: number, resolve: (response: AppResponse) => void) {
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      this.#fail({ kind: 'timeout' });
      this.#controller?.abort(new Error('The app did not answer in time.'));
    }, timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) controller.abort(new Error('The time for this hook has passed.'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#status = status;
    this.#contentType = text(headers['content-type']);
    this.#retryAfter = text(headers['retry-after']);
    const isKept = status < 300 && /json/i.test(this.#contentType);
    if (!isKept) this.#settle(this.#answer(''));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > limits.answerBytes) {
      this.#fail({ kind: 'broken', why: `the answer has more than ${limits.answerBytes} bytes` });
      controller.abort(new Error('The answer is too large.'));
    } else if (!this.#isSettled) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    this.#settle(this.#answer(Buffer.concat(this.#chunks).toString()));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer);
    const why = 'code' in error && error.code !== undefined ? String(error.code) : error.name;
    this.#fail({ kind: this.#controller === undefined ? 'unreachable' : 'broken', why });
  }

  #answer(body: string): AppResponse {
    return {
      kind: 'response',
      status: this.#status,
      contentType: this.#contentType,
      retryAfter: this.#retryAfter,
      body,
    };
  }

  /** An answer whose status is known, and whose body says nothing to us, is good without the rest of it. */
  #fail(response: AppResponse): void {
    this.#settle(this.#status > 0 && !isActions(this.#contentType) ? this.#answer('') : response);
  }

  #settle(response: AppResponse): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#resolve(response);
  }
}

function text(header: string | string[] | undefined): string {
  return Array.isArray(header) ? (header[0] ?? '') : (header ?? '');
}
