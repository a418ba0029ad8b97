import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is asked for a turn, in milliseconds. */
const resolutionMs = 20;

/** What is recorded where nothing is late, in milliseconds: Node.js records the time between two turns, Bun the delay. */
const onTimeMs = 'bun' in process.versions ? 0 : resolutionMs;

/** Which parts of all turns were on time by a delay. */
const quantiles = [0.5, 0.99, 1] as const;

/** How late the turns of the event loop come. It measures from its start on. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#histogram.enable();
  }

  /** The delays since the last call by their quantiles, in seconds. */
  take(): readonly { readonly quantile: number; readonly seconds: number }[] {
    const delays = quantiles.map((quantile) => {
      const ms = this.#histogram.percentile(quantile * 100) / 1_000_000 - onTimeMs;
      return { quantile, seconds: Math.max(0, ms) / 1_000 };
    });
    this.#histogram.reset();
    return delays;
  }

  stop(): void {
    this.#histogram.disable();
  }
}
