import { type Breaker, type BreakerState, HeldCounts, untouched } from '../../gateway/breaker.ts';

/** The breaker of a function that posts no hooks: always closed. */
export class NoBreaker implements Breaker {
  readonly held = new HeldCounts();
  readonly heardWithinMs = 0;

  state(): BreakerState {
    return untouched;
  }

  change(): boolean {
    return false;
  }
}
