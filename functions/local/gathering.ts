import type { Clock } from '../gateway/ports.ts';

/** How long the first thing waits for others, in milliseconds, if some came as recently before it, and how many do. */
export interface Patience {
  readonly ms: number;
  readonly recentMs: number;
  readonly enough: number;
}

/**
 * Brings together what comes at nearly the same time, so that one step serves all of it. What comes alone waits for a
 * turn of the event loop at most.
 */
export class Gathering<Item, Outcome> {
  readonly #patience: Patience;
  readonly #step: (items: readonly Item[]) => Promise<Outcome>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #items: Item[] = [];
  #outcome: Promise<Outcome> | undefined;
  #resolve: ((outcome: Promise<Outcome>) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(
    patience: Patience,
    step: (items: readonly Item[]) => Promise<Outcome>,
    clock: Pick<Clock, 'monotonic'>,
  ) {
    this.#patience = patience;
    this.#step = step;
    this.#clock = clock;
  }

  /** Resolves with the outcome of the step that serves it. */
  add(item: Item): Promise<Outcome> {
    this.#items.push(item);
    const gathering = this.#outcome ?? this.#begin();
    if (this.#items.length >= this.#patience.enough) this.#end();
    return gathering;
  }

  #begin(): Promise<Outcome> {
    const { ms, recentMs } = this.#patience;
    this.#outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (this.#clock.monotonic() - this.#lastAt < recentMs) this.#timer = setTimeout(() => this.#end(), ms);
    else setImmediate(() => this.#end());
    return this.#outcome;
  }

  #end(): void {
    const [items, resolve] = [this.#items, this.#resolve];
    // There were enough before it was time.
    if (items.length === 0) return;
    clearTimeout(this.#timer);
    this.#items = [];
    this.#outcome = undefined;
    this.#lastAt = this.#clock.monotonic();
    resolve?.(this.#step(items));
  }
}
