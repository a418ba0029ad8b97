import type { Kill } from './commands.ts';
import type { Mortal } from './timeline.ts';

/** Decides at which of the coming calls to the world its process dies. */
export class Fate {
  #kill: Kill | undefined;
  #left = 0;
  /** Whether it was a kill that the last process died of. */
  hasStruck = false;

  /** A process dies at this call, counted from now. */
  decide(kill: Kill): void {
    this.#kill = kill;
    this.#left = kill.calls;
  }

  /** Nobody dies any more. */
  relent(): void {
    this.#kill = undefined;
  }

  /** A process makes a call. Whether it dies at it, before the effect or after. */
  next(): Kill['when'] | undefined {
    if (this.#kill === undefined) return undefined;
    this.#left -= 1;
    if (this.#left >= 0) return undefined;
    const { when } = this.#kill;
    this.#kill = undefined;
    this.hasStruck = true;
    return when;
  }
}

/** A process that may die at any of its calls to the world. From then on no call has an effect or an answer. */
export class Process implements Mortal {
  isDead = false;
  readonly #fate: Fate;
  readonly #died: () => void;

  /** `died` is called at its death. */
  constructor(fate: Fate, died: () => void) {
    this.#fate = fate;
    this.#died = died;
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#died();
  }

  /** It has done its work, and is frozen. */
  end(): void {
    this.isDead = true;
  }

  /** A call to the world. */
  async call<Answer>(effect: () => Answer | Promise<Answer>): Promise<Answer> {
    if (this.isDead) return never();
    const when = this.#fate.next();
    if (when === 'before') {
      this.die();
      return never();
    }
    try {
      const answer = await effect();
      if (when === 'after') this.die();
      return this.isDead ? never() : answer;
    } catch (error) {
      if (when === 'after') this.die();
      if (this.isDead) return never();
      throw error;
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
