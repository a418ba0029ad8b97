import type { Posted } from '../../functions/gateway/ports.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { Crowd } from './crowd.ts';
import type { Random } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** API Gateway, per account and region: requests per second, and how many may come at once. */
const quota = { rate: 10_000, burst: 5_000 };

/** How long a post takes, as it does for one region, and how long a refusal takes, in milliseconds. */
const times = { post: { median: 12, spread: 0.5 }, refusal: { median: 6, spread: 0.3 } };

/** @connections of one account, whose rate other APIs may use too. */
export class ApiGateway {
  posts = 0;
  throttled = 0;
  /** When the last message arrived. */
  lastArrivedAt = 0;
  /** How many posts came in each tenth of a second that had any. */
  readonly #tenths = new Map<number, number>();
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #crowd: Crowd;
  /** What is left of the rate, in requests per second. */
  readonly rate: number;
  #tokens = quota.burst;
  #filledAt = 0;

  /** `otherPosts`: the requests per second of other APIs. */
  constructor(clock: SimulatedClock, random: Random, crowd: Crowd, otherPosts: number) {
    this.#clock = clock;
    this.#random = random;
    this.#crowd = crowd;
    this.rate = Math.max(0, quota.rate - otherPosts);
  }

  /** The most posts that came within this many tenths of a second. */
  busiest(tenths: number): number {
    const counts = [...this.#tenths.keys()].map((from) => {
      let posts = 0;
      for (let tenth = from; tenth < from + tenths; tenth++) posts += this.#tenths.get(tenth) ?? 0;
      return posts;
    });
    return Math.max(0, ...counts);
  }

  /** A post comes in. Returns its answer, and how long that takes. */
  post(socket: SocketId): readonly [Posted, ms: number] {
    const { time } = this.#clock;
    const tenth = Math.floor(time / 100);
    this.#tenths.set(tenth, (this.#tenths.get(tenth) ?? 0) + 1);
    this.posts += 1;
    this.#tokens = Math.min(quota.burst, this.#tokens + ((time - this.#filledAt) * this.rate) / 1_000);
    this.#filledAt = time;
    if (this.#tokens < 1) {
      this.throttled += 1;
      return [{ kind: 'throttled' }, this.#random.time(times.refusal)];
    }
    this.#tokens -= 1;
    return this.#taken(this.#crowd.indexOf(socket), this.#random.time(times.post));
  }

  /** The message is on its way, also if whoever sent it dies meanwhile. */
  #taken(index: number, ms: number): readonly [Posted, ms: number] {
    if (this.#crowd.isGone(index)) return [{ kind: 'gone' }, ms];
    this.#crowd.arrived[index] = (this.#crowd.arrived[index] ?? 0) + 1;
    this.lastArrivedAt = Math.max(this.lastArrivedAt, this.#clock.time + ms);
    return [{ kind: 'posted' }, ms];
  }
}
