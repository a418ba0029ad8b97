/** What a waiting message takes besides its text, in bytes, as it is counted. */
const messageWeight = 48;

/** A message that waits for its hook. */
export interface WaitingMessage {
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
}

/** From how many taken messages on their room is given back. */
const worthGivingBack = 1_024;

/** The messages of one client that wait, oldest first: two lists, since an object for each would cost more than most texts. */
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

  /** What they take, in bytes: that of their texts, and 48 for each. */
  get weight(): number {
    return this.#weight;
  }

  /** Adds one of so many bytes. */
  push(body: string, bytes: number, time: number): void {
    this.#bodies.push(body);
    this.#times.push(time);
    this.#weights.push(bytes + messageWeight);
    this.#weight += bytes + messageWeight;
  }

  /** Takes the oldest. */
  shift(): WaitingMessage | undefined {
    const body = this.#bodies[this.#first];
    const time = this.#times[this.#first];
    if (body === undefined || time === undefined) return undefined;
    this.#weight -= this.#weights[this.#first] ?? 0;
    this.#bodies[this.#first] = '';
    this.#first += 1;
    this.#giveBack();
    return { body, time };
  }

  /** Drops all of them; how many there were. */
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
    if (this.count === 0) this.clear();
    else if (this.#first >= worthGivingBack && this.#first > this.count) {
      for (const list of [this.#bodies, this.#times, this.#weights]) list.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
