/** The bytes that count for each waiting message besides its text. */
const fixedWeight = 256;

/** A message that waits for its hook. */
export interface WaitingMessage {
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
  /** What it takes, in bytes. */
  readonly weight: number;
}

/** The weight of a waiting message whose text has this many bytes. */
export function messageWeight(bytes: number): number {
  return bytes + fixedWeight;
}

/** How many taken entries may pile up before their memory is freed. */
const worthGivingBack = 1_024;

/** The messages of one client that wait, oldest first: three lists, since an object for each would cost more than most texts. */
export class Backlog {
  #bodies: string[] = [];
  #times: number[] = [];
  #weights: number[] = [];
  #first = 0;
  #weight = 0;

  /** How many there are. */
  get count(): number {
    return this.#bodies.length - this.#first;
  }

  /** What they take in all, in bytes. */
  get weight(): number {
    return this.#weight;
  }

  /** When the oldest came, in milliseconds since 1970. */
  get oldest(): number | undefined {
    return this.#times[this.#first];
  }

  /** What the oldest takes, in bytes. */
  get firstWeight(): number | undefined {
    return this.#weights[this.#first];
  }

  push({ body, time, weight }: WaitingMessage): void {
    this.#bodies.push(body);
    this.#times.push(time);
    this.#weights.push(weight);
    this.#weight += weight;
  }

  /** Takes the oldest. */
  shift(): WaitingMessage | undefined {
    const body = this.#bodies[this.#first];
    const time = this.#times[this.#first];
    const weight = this.#weights[this.#first];
    if (body === undefined || time === undefined || weight === undefined) return undefined;
    this.#weight -= weight;
    this.#bodies[this.#first] = '';
    this.#first += 1;
    this.#giveBack();
    return { body, time, weight };
  }

  /** Drops all of them. Returns how many there were. */
  clear(): number {
    const { count } = this;
    this.#bodies = [];
    this.#times = [];
    this.#weights = [];
    this.#first = 0;
    this.#weight = 0;
    return count;
  }

  #giveBack(): void {
    if (this.count === 0 && this.#first < worthGivingBack) {
      for (const list of [this.#bodies, this.#times, this.#weights]) list.length = 0;
      this.#first = 0;
    } else if (this.count === 0) this.clear();
    else if (this.#first >= worthGivingBack && this.#first > this.count) {
      for (const list of [this.#bodies, this.#times, this.#weights]) list.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
