import type { LambdaContext, QueueEvent, QueueResult } from '../../functions/aws/events.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** How long a cold start takes, with the first TLS handshakes, and an invocation that meets a warm process. */
const times = { cold: { median: 500, spread: 0.25 }, warm: { median: 8, spread: 0.4 } };

/** How a function is deployed. */
export interface FunctionSize {
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** What a process of a function does with an event. */
export type Handler<Event, Result> = (event: Event, context: LambdaContext) => Promise<Result>;

/** What an invocation came to. A crash has no result. */
export type Ended<Result> =
  | { readonly kind: 'ended'; readonly result: Result }
  | { readonly kind: 'crashed' };

/** A process of a function, and what it does. */
export interface Started<Event, Result> {
  readonly process: Process;
  readonly handle: Handler<Event, Result>;
}

/** A function of Lambda: its processes, which are started as needed and used again, and what they cost. */
export class Lambda<Event, Result = QueueResult> {
  invocations = 0;
  coldStarts = 0;
  crashes = 0;
  timeouts = 0;
  gigabyteSeconds = 0;
  longestMs = 0;
  /** The most memory of a process. */
  peakMb = 0;
  /** The events of the invocations that were killed. */
  readonly crashed: Event[] = [];
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #size: FunctionSize;
  readonly #start: () => Started<Event, Result>;
  /** Which share of the invocations is killed. */
  readonly #crashShare: number;
  readonly #idle: Started<Event, Result>[] = [];

  constructor(
    clock: SimulatedClock,
    random: Random,
    size: FunctionSize,
    start: () => Started<Event, Result>,
    crashShare = 0,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#size = size;
    this.#start = start;
    this.#crashShare = crashShare;
  }

  async invoke(event: Event): Promise<Ended<Result>> {
    this.invocations += 1;
    const warm = this.#idle.pop();
    const startMs = this.#random.time(warm === undefined ? times.cold : times.warm);
    await new Promise<void>((resolve) => this.#clock.after(startMs, resolve));
    const one = warm ?? this.#start();
    if (warm === undefined) this.coldStarts += 1;
    const began = this.#clock.time;
    const ended = await this.#live(one, event, began);
    const ms = this.#clock.time - began;
    const billedMs = ms + (warm === undefined ? startMs : 0);
    this.gigabyteSeconds += ((Math.ceil(billedMs) / 1_000) * this.#size.memoryMb) / 1_024;
    this.longestMs = Math.max(this.longestMs, ms);
    this.peakMb = Math.max(this.peakMb, one.process.peakMb);
    if (ended.kind === 'ended') this.#idle.push(one);
    return ended;
  }

  /** Lambda kills what has used up its time; and the simulation kills some before that. */
  #live({ process, handle }: Started<Event, Result>, event: Event, began: number): Promise<Ended<Result>> {
    const { timeoutMs } = this.#size;
    const getRemainingTimeInMillis = (): number => began + timeoutMs - this.#clock.time;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const kill = (why: 'timeouts' | 'crashes'): void => {
        if (isOver) return;
        isOver = true;
        process.isDead = true;
        this[why] += 1;
        this.crashed.push(event);
        resolve({ kind: 'crashed' });
      };
      const settle = (result: Result): void => {
        isOver = true;
        resolve({ kind: 'ended', result });
      };
      this.#clock.after(timeoutMs, () => kill('timeouts'));
      if (this.#random.next() < this.#crashShare)
        this.#clock.after(this.#random.next() * 1_000, () => kill('crashes'));
      handle(event, { getRemainingTimeInMillis }).then(settle, reject);
    });
  }
}

/** What a poller takes messages from. */
interface Source {
  receive(most: number): Promise<{ readonly id: number; readonly body: string; readonly receives: number }[]>;
  delete(id: number): void;
}

/** How a function consumes a queue. */
export interface Consumption {
  readonly concurrency: number;
  readonly batchSize: number;
}

/** Lambda's pollers of a queue: each hands messages to one invocation at a time, and deletes those that are done. */
export function consume(
  queue: Source,
  target: Lambda<QueueEvent>,
  { concurrency, batchSize }: Consumption,
): void {
  const poll = async (): Promise<never> => {
    for (;;) {
      const received = await queue.receive(batchSize);
      const Records = received.map(({ id, body, receives }) => ({
        ...{ messageId: String(id), receiptHandle: String(id), body },
        attributes: { ApproximateReceiveCount: String(receives) },
      }));
      const ended = await target.invoke({ Records });
      if (ended.kind === 'crashed') continue;
      const failed = new Set(ended.result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId } of Records) if (!failed.has(messageId)) queue.delete(Number(messageId));
    }
  };
  for (let poller = 0; poller < concurrency; poller++) void poll();
}
