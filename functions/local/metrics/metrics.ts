import type { Registry } from 'prom-client';
import type { Call } from '../../gateway/api/call.ts';
import { EventLoopDelay } from './event-loop.ts';
import type { Sources } from './sources.ts';

/**
 * `GET /metrics`. Nothing beyond plain counting is done before the first scrape: only then is the library loaded, and
 * the delay of the event loop measured.
 */
export class Metrics {
  readonly #sources: Sources;
  readonly #startedAt: number;
  #registry: Promise<Registry> | undefined;
  #eventLoop: EventLoopDelay | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#startedAt = sources.clock.now() / 1_000 - process.uptime();
  }

  /** Answers with all metrics, in the text format of Prometheus, version 0.0.4. */
  readonly scrape: Call<unknown> = async () => {
    this.#registry ??= this.#create();
    const registry = await this.#registry;
    const body = await registry.metrics();
    return { status: 200, headers: { 'Content-Type': registry.contentType }, body };
  };

  stop(): void {
    this.#eventLoop?.stop();
  }

  async #create(): Promise<Registry> {
    const { createRegistry } = await import('./registry.ts');
    this.#eventLoop = new EventLoopDelay();
    return createRegistry({ ...this.#sources, eventLoop: this.#eventLoop, startedAt: this.#startedAt });
  }
}
