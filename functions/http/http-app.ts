import type { App, AppRequest, Clock } from '../gateway/ports.ts';
import type { AppResponse } from '../wire/answer.ts';
import { AnswerReader } from '../wire/answer-reader.ts';
import type { Head } from './answer-head.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, type Failure, type HttpRequest, type Reading } from './exchange.ts';
import { type ConnectionLimits, Origin } from './origin.ts';

/**
 * The app over HTTP/1.1, on as many kept-alive connections as there are hooks under way, so that no hook waits for
 * another's unless there are `most` of them. `origin` is the app's, `https://app.example`.
 */
export class HttpApp implements App {
  readonly #originLength: number;
  readonly #origin: Origin;
  readonly #deadlines = new Deadlines();

  constructor(origin: string, clock: Pick<Clock, 'monotonic'>, limits: Partial<ConnectionLimits> = {}) {
    this.#originLength = origin.length;
    this.#origin = new Origin(new URL(origin), clock, limits);
  }

  post(hook: AppRequest): Promise<AppResponse> {
    const { url, headers, renew, body, timeoutMs, waitMs = Number.POSITIVE_INFINITY } = hook;
    // As it is: a URL object would write some of its characters in another way.
    const target = url.slice(this.#originLength);
    // A hook is known by its id, so it may come twice.
    const request: HttpRequest = { method: 'POST', target, headers, renew, body, repeats: 'stale' };
    return new Promise((resolve) => {
      const deadlines = this.#deadlines.of(timeoutMs);
      this.#origin.send(new Exchange(request, new HookReading(), deadlines, resolve, waitMs));
    });
  }

  /** Ends every connection; hooks under way come back as broken. */
  async stop(): Promise<void> {
    this.#origin.stop();
  }
}

/** Reads the answer to a hook, as far as it matters. */
class HookReading implements Reading<AppResponse> {
  #reader: AnswerReader | undefined;

  head(head: Head): AppResponse | undefined {
    this.#reader = new AnswerReader(head);
    return this.#reader.early;
  }

  body(bytes: Buffer): AppResponse | undefined {
    return this.#reader?.take(bytes);
  }

  end(): AppResponse {
    return this.#reader?.end() ?? { kind: 'broken', why: 'no answer' };
  }

  fail(failure: Failure): AppResponse {
    return this.#reader?.cut(failure) ?? failure;
  }
}
