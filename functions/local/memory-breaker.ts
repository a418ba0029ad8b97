import { type Breaker, type BreakerState, HeldCounts, untouched } from '../gateway/breaker.ts';

/** The circuit breaker of one process. */
export class MemoryBreaker implements Breaker {
  readonly held = new HeldCounts();
  readonly heardWithinMs = 0;
  readonly #waiting: readonly { wake(): void }[];
  readonly #hooks: { readonly size: number };
  #state = untouched;

  /** `waiting` are woken when it closes: the app is back. `hooks` are those that wait to be posted. */
  constructor(waiting: readonly { wake(): void }[] = [], hooks: { readonly size: number } = { size: 0 }) {
    this.#waiting = waiting;
    this.#hooks = hooks;
  }

  waiting(): number {
    return this.#hooks.size;
  }

  state(): BreakerState {
    return this.#state;
  }

  change(to: BreakerState): boolean {
    const before = this.#state;
    if (to.version !== before.version + 1) return false;
    this.#state = to;
    if (before.openedAt > 0 && to.openedAt === 0) for (const one of this.#waiting) one.wake();
    return true;
  }
}
