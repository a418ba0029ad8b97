/** How many deliveries of one run are in progress at once, whatever asked for them. */
export class DeliveryLimit {
  readonly #max: number;
  #inProgress = 0;
  /** Those that wait to begin one, first come, first served. */
  readonly #waiting: (() => void)[] = [];

  constructor(max = 256) {
    this.#max = max;
  }

  /** A delivery is in progress. */
  began(): void {
    this.#inProgress += 1;
  }

  /** A delivery has its outcome. */
  ended(): void {
    this.#inProgress -= 1;
    this.#waiting.shift()?.();
  }

  /** A promise if the next delivery has to wait. */
  room(): Promise<void> | undefined {
    if (this.#inProgress < this.#max) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
