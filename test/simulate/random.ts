/** Chance that can be repeated: the same seed, the same numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and less than 1. Mulberry32, by Tommy Ettinger. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A time with this median, and a long tail as times of services have: log-normal. In milliseconds. */
  time({ median, spread }: Spread): number {
    const [one, other] = [1 - this.next(), this.next()];
    const normal = Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * other);
    return median * Math.exp(spread * normal);
  }
}

/** How long something takes, in milliseconds: the median, and the standard deviation of the logarithm. */
export interface Spread {
  readonly median: number;
  readonly spread: number;
}
