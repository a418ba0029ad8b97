/**
 * Lambdas being invoked:
 * - a Lambda that takes longer than the integration time-out is not waited for
 * - what a Lambda throws, even too late, is kept for the test to look at
 */

/** The invocation of a Lambda; a rejected promise is a Lambda error. */
export type Lambda<Event> = (event: Event) => Promise<unknown>;

/** What became of an invocation. */
export type Outcome =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'failed' }
  | { readonly kind: 'timed-out' };

/** All the invocations of one API, and what is done with their outcomes. */
export class Invocations {
  /** What Lambdas have thrown. */
  readonly errors: unknown[] = [];
  readonly #timeoutMs: number;
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Invokes a Lambda with a copy of an event; without one there is nothing to go wrong. Never rejects. */
  async invoke<Event>(lambda: Lambda<Event> | undefined, event: Event): Promise<Outcome> {
    if (this.#isStopped) return { kind: 'failed' };
    if (lambda === undefined) return { kind: 'returned', value: { statusCode: 200 } };
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<Outcome>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, { kind: 'timed-out' });
    });
    const outcome = await Promise.race([this.#run(lambda, structuredClone(event)), timedOut]);
    clearTimeout(timer);
    return outcome;
  }

  /** Lets something with invocations in it go on by itself; `settled` waits for it. */
  begin(work: () => Promise<void>): void {
    const running = work();
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** From now on nothing is invoked. */
  stop(): void {
    this.#isStopped = true;
  }

  async #run<Event>(lambda: Lambda<Event>, event: Event): Promise<Outcome> {
    try {
      return { kind: 'returned', value: await lambda(event) };
    } catch (error) {
      this.errors.push(error);
      return { kind: 'failed' };
    }
  }
}
