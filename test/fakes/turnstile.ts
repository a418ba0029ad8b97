import type { Pass } from './passed-gateway.ts';

interface Waiting {
  readonly actor: string;
  readonly label: string;
  readonly go: () => Promise<void>;
  /** The effect alone, without an answer. */
  readonly effect: () => Promise<unknown>;
}

/**
 * Lets one call through at a time, in an order that a test decides. A call waits here before it has its effect. Once
 * let through, it gets its effect and its answer, and its actor continues to its next call or to its end.
 */
export class Turnstile {
  #waiting: Waiting[] = [];
  /** The answers that each actor has got so far, and when. Nothing else decides what it does next. */
  readonly #answers = new Map<string, string[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The pass through which an actor makes its calls. */
  passOf(actor: string): Pass {
    return (call, effect) =>
      new Promise((resolve, reject) => {
        const go = async (): Promise<void> => {
          try {
            const answer = await effect();
            this.#note(actor, `${call} = ${JSON.stringify(answer)}`);
            resolve(answer);
          } catch (error) {
            this.#note(actor, `${call} ! ${String(error)}`);
            reject(error);
          }
        };
        this.#waiting.push({ actor, label: `${actor}: ${call}`, go, effect });
        this.#waiting.sort((one, other) => Number(one.label > other.label) - Number(one.label < other.label));
      });
  }

  /** The waiting calls, sorted by name, so that the order of arrival does not matter. */
  get waiting(): readonly string[] {
    return this.#waiting.map(({ label }) => label);
  }

  /** Lets one waiting call through, and returns when nothing runs any more. */
  async letThrough(at: number): Promise<void> {
    const [one] = this.#waiting.splice(at, 1);
    await one?.go();
    await quiet();
  }

  /** The actor of a waiting call dies, before the call has its effect or after it. None of its other calls has any. */
  async kill(at: number, when: 'before' | 'after'): Promise<void> {
    const one = this.#waiting[at];
    if (one === undefined) return;
    this.#waiting = this.#waiting.filter(({ actor }) => actor !== one.actor);
    if (when === 'after') await one.effect().catch(() => undefined);
    this.#answers.set(one.actor, ['dead']);
    await quiet();
  }

  /** The state of every actor. */
  get state(): unknown {
    return [this.waiting, [...this.#answers].sort(([one], [other]) => (one < other ? -1 : 1))];
  }

  #note(actor: string, what: string): void {
    const answer = `${this.#now()} ${what}`;
    const answers = this.#answers.get(actor);
    if (answers === undefined) this.#answers.set(actor, [answer]);
    else answers.push(answer);
  }
}

/** Resolves when only calls that wait for the outside are left. In Node.js a tick runs after all microtasks. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
