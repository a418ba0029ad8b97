import { Pool } from 'undici';
import type { App, AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { Exchange } from './exchange.ts';

/**
 * The app over HTTP/1.1 with kept-alive connections, as many as there are hooks under way, so that no hook waits
 * for another's. `origin` is the app's, `https://app.example`.
 */
export class UndiciApp implements App {
  readonly #origin: string;
  readonly #pool: Pool;
  readonly #queues = new Map<number, DeadlineQueue>();

  constructor(origin: string, connectTimeoutMs: number) {
    this.#origin = origin;
    // The time-out of a hook is kept by its exchange, from beginning to end.
    this.#pool = new Pool(origin, {
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectTimeoutMs },
    });
  }

  post({ url, headers, body, timeoutMs }: AppRequest): Promise<AppResponse> {
    return new Promise((resolve) => {
      const path = url.slice(this.#origin.length);
      this.#pool.dispatch(
        { path, method: 'POST', headers, body },
        new Exchange(this.#deadlines(timeoutMs), resolve),
      );
    });
  }

  /** Hooks have one time-out, or very few. */
  #deadlines(timeoutMs: number): DeadlineQueue {
    const known = this.#queues.get(timeoutMs);
    if (known !== undefined) return known;
    const queue = new DeadlineQueue(timeoutMs);
    this.#queues.set(timeoutMs, queue);
    return queue;
  }

  /** Ends every connection; hooks under way come back as broken. */
  async stop(): Promise<void> {
    await this.#pool.destroy();
  }
}
