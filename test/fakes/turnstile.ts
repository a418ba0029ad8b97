import type { Pass } from './passed-gateway.ts';

interface Waiting {
  readonly label: string;
  readonly go: () => Promise<void>;
}

/**
 * Lets one call through at a time, in an order that a test decides. Whoever makes a call waits here before it has its
 * effect; once let through, it has its effect and its answer, and its actor goes on to its next call or to its end.
 */
export class Turnstile {
  #waiting: Waiting[] = [];
  /** What each actor was answered so far, and when, which is all that decides what it does next. */
  readonly #answers = new Map<string, string[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What an actor makes its calls through. */
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
        this.#waiting.push({ label: `${actor}: ${call}`, go });
        this.#waiting.sort((one, other) => Number(one.label > other.label) - Number(one.label < other.label));
      });
  }

  /** The calls that wait, in the order of their names, so that it does not matter who came first. */
  get waiting(): readonly string[] {
    return this.#waiting.map(({ label }) => label);
  }

  /** Lets through one of those that wait, and returns when nothing goes on any more. */
  async letThrough(at: number): Promise<void> {
    const [one] = this.#waiting.splice(at, 1);
    await one?.go();
    await quiet();
  }

  /** Where every actor stands. */
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

/** Resolves when nothing is left to be done but what waits for the outside. Node: a tick follows all microtasks. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
