/** How many deliveries of one run are under way at once, whatever asked for them. */
export class DeliveryLimit {
  readonly #max: number;
  #underWay = 0;
  /** Those that wait to begin one, first come, first served. */
  readonly #waiting: (() => void)[] = [];

  constructor(max = 256) {
    this.#max = max;
  }

  /** A delivery is under way. */
  began(): void {
    this.#underWay += 1;
  }

  /** A delivery has its outcome. */
  ended(): void {
    this.#underWay -= 1;
    this.#waiting.shift()?.();
  }

  /** A promise if the next delivery has to wait. */
  room(): Promise<void> | undefined {
    if (this.#underWay < this.#max) return undefined;
    return new Promise((go) => this.#waiting.push(go));
  }
}
