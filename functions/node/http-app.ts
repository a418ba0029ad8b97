import type { App, AppRequest, Clock } from '../gateway/ports.ts';
import type { DialTcp } from '../http/client-transport.ts';
import { ConnectionPool, type PoolOptions } from '../http/connection-pool.ts';
import { DeadlineQueues } from '../http/deadline-queues.ts';
import { Exchange, type Failure, type HttpRequest, type ResponseReader } from '../http/exchange.ts';
import type { Head } from '../http/response-head.ts';
import type { AppResponse } from '../wire/answer.ts';
import { AnswerReader } from '../wire/answer-reader.ts';

export type { DialTcp };

/**
 * The app over HTTP/1.1. Every hook in flight has its own kept-alive connection, so hooks wait for each other only when
 * `max` connections are in use. `origin` is the app's origin, `https://app.example`.
 */
export class HttpApp implements App {
  readonly #originLength: number;
  readonly #pool: ConnectionPool;
  readonly #deadlines = new DeadlineQueues();

  constructor(origin: string, clock: Pick<Clock, 'monotonic'>, limits: Partial<PoolOptions> = {}) {
    this.#originLength = origin.length;
    this.#pool = new ConnectionPool(new URL(origin), clock, limits);
  }

  post(hook: AppRequest): Promise<AppResponse> {
    const { url, headers, renew, body, timeoutMs, waitMs = Number.POSITIVE_INFINITY, heard } = hook;
    // Cut from the text: a URL object would change some of its characters.
    const target = url.slice(this.#originLength);
    // The app knows a hook by its id, so it may be sent twice.
    const request: HttpRequest = { method: 'POST', target, headers, renew, body, repeats: 'stale' };
    return new Promise((resolve) => {
      const deadlines = this.#deadlines.of(timeoutMs);
      this.#pool.send(new Exchange(request, new HookResponseReader(heard), deadlines, resolve, waitMs));
    });
  }

  /** Ends every connection. Hooks in flight are answered as broken. */
  async stop(): Promise<void> {
    this.#pool.stop();
  }
}

/** Reads the part of a hook's answer that matters. */
class HookResponseReader implements ResponseReader<AppResponse> {
  #reader: AnswerReader | undefined;
  readonly #heard: AppRequest['heard'];

  constructor(heard: AppRequest['heard']) {
    this.#heard = heard;
  }

  head(head: Head): AppResponse | undefined {
    const { framing } = head;
    this.#reader = new AnswerReader(head, framing.kind === 'length' ? framing.bytes : undefined);
    return this.#reader.early;
  }

  body(bytes: Buffer, from: number, to: number): AppResponse | undefined {
    this.#heard?.(bytes.subarray(from, to));
    return this.#reader?.take(bytes, from, to);
  }

  after(bytes: Buffer | undefined): void {
    this.#heard?.(bytes);
  }

  end(): AppResponse {
    this.#heard?.(undefined);
    return this.#reader?.end() ?? { kind: 'broken', why: 'no answer' };
  }

  fail(failure: Failure): AppResponse {
    this.#heard?.(undefined);
    return this.#reader?.cut(failure) ?? failure;
  }
}
