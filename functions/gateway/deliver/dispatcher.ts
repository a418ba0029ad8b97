import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { DeliveryLimit } from '../delivery-limit.ts';
import type { Gateway } from '../gateway.ts';
import type { Recipient } from '../record.ts';
import { deliverOnce, type Unsent } from './deliver.ts';
import type { Outcome } from './outcome.ts';

/** After this many throttled deliveries in a row the rate is too high, and the next delivery waits. */
const throttledInRow = 16;

/** The pauses before throttled deliveries are tried again, in milliseconds. */
const pausesMs = { first: 50, longest: 1_000 };

/** The shortest and the longest pause when the rate is too high, in milliseconds. */
const slowDownMs = { min: 50, max: 200 };

/** A message for many sockets, and a callback for the outcome of each. */
export interface Message {
  readonly body: string;
  readonly settle: (outcome: Outcome, socket: SocketId) => void;
}

/** Decides when the next delivery may begin, where that is not left to the dispatcher. */
export interface Pacer {
  /** A promise if the next delivery has to wait. */
  next(): Promise<void> | undefined;
  /** A delivery was tried for the first time. */
  tried(isThrottled: boolean): void;
}

/** A delivery that was put aside. */
interface Aside extends Unsent {
  readonly message: Message;
}

/**
 * Delivers messages to many sockets at a time, so that no socket waits for another. A delivery that is not possible now
 * is put aside and tried again when all the others are done. The messages of one socket keep their order.
 */
export class Dispatcher {
  readonly #gateway: Gateway;
  readonly #limit: DeliveryLimit;
  readonly #pacer: Pacer | undefined;
  readonly #aside = new Map<SocketId, Aside[]>();
  #inProgress = 0;
  #inRow = 0;
  /** Resolves `settled`. */
  #waiter: (() => void) | undefined;
  /** Resolves at the end of the run. Made when something first races against it. */
  #over: Promise<undefined> | undefined;

  /** With a pacer, it also decides how long to wait when there are too many posts. */
  constructor(gateway: Gateway, pacer?: Pacer) {
    this.#gateway = gateway;
    this.#pacer = pacer;
    this.#limit = gateway.deliveryLimit ?? new DeliveryLimit();
  }

  /** Whether the run has no time left to begin a delivery. */
  get isOver(): boolean {
    const { clock, deadline } = this.#gateway;
    return deadline !== Number.POSITIVE_INFINITY && clock.monotonic() >= deadline;
  }

  /** The value, or undefined if the run ends first. */
  async inTime<Value>(coming: Promise<Value>): Promise<Value | undefined> {
    const { clock, deadline } = this.#gateway;
    if (deadline === Number.POSITIVE_INFINITY) return coming;
    // A timer may fire a moment early.
    this.#over ??= clock.sleep(Math.max(0, deadline - clock.monotonic()) + 1).then(() => undefined);
    return Promise.race([coming, this.#over]);
  }

  /** Begins a delivery. Returns a promise if the caller must wait before the next one. `known` is the record, if known. */
  begin(message: Message, socket: SocketId, known?: Recipient): Promise<void> | undefined {
    const before = this.#aside.size === 0 ? undefined : this.#aside.get(socket);
    if (before !== undefined) {
      before.push({ message, record: known, code: 'throttled' });
      return undefined;
    }
    const result = deliverOnce(this.#gateway, socket, message.body, known);
    if (!(result instanceof Promise)) this.#settle(message, socket, result);
    else this.#track(result.then((outcome) => this.#settle(message, socket, outcome)));
    return this.#room();
  }

  /** Whether a delivery is aside because its socket could not be looked up, or there was no connection to post on. */
  get hasFailures(): boolean {
    return [...this.#aside.values()].some((queue) => queue[0]?.code === 'post_failed');
  }

  /** Resolves when every delivery that was begun has an outcome or is put aside. */
  async settled(): Promise<void> {
    if (this.#inProgress === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiter = resolve;
    });
  }

  /**
   * Retries throttled deliveries for `retryForMs`, but not after the end of the run. Failed lookups and posts are not
   * retried here, since they have had several attempts.
   */
  async retry(retryForMs: number): Promise<void> {
    const { clock, deadline } = this.#gateway;
    const until = Math.min(clock.monotonic() + retryForMs, deadline);
    for (let attempt = 1; ; attempt++) {
      const throttled = [...this.#aside].filter(([, queue]) => queue[0]?.code === 'throttled');
      const left = until - clock.monotonic();
      if (throttled.length === 0 || left <= 0) return;
      await clock.sleep(Math.min(left, halfJitter(backoff(attempt, pausesMs), clock.random())));
      for (const [socket, queue] of throttled) {
        const wait = this.#pacer?.next();
        if (wait !== undefined) await wait;
        if (clock.monotonic() >= until) break;
        this.#track(this.#retryInOrder(socket, queue));
        await this.#room();
      }
      await this.settled();
    }
  }

  /** Gives up the deliveries that are still aside. Each has failed. */
  giveUp(): void {
    for (const [socket, queue] of this.#aside)
      for (const { message, code } of queue) message.settle(code, socket);
    this.#aside.clear();
  }

  /** The deliveries that are still aside, by message, in the order in which the messages began. */
  left(messages: readonly Message[]): (readonly [Message, readonly SocketId[]])[] {
    const sockets = new Map<Message, SocketId[]>(messages.map((message) => [message, []]));
    for (const [socket, queue] of this.#aside)
      for (const { message } of queue) sockets.get(message)?.push(socket);
    return [...sockets].filter(([, each]) => each.length > 0);
  }

  #settle(message: Message, socket: SocketId, outcome: Outcome | Unsent): void {
    this.#pacer?.tried(typeof outcome !== 'string' && outcome.code === 'throttled');
    if (typeof outcome === 'string') {
      this.#inRow = 0;
      message.settle(outcome, socket);
      return;
    }
    this.#inRow += 1;
    this.#aside.set(socket, [{ message, ...outcome }]);
  }

  #track(delivery: Promise<void>): void {
    this.#inProgress += 1;
    this.#limit.began();
    void delivery.then(() => {
      this.#inProgress -= 1;
      this.#limit.ended();
      if (this.#inProgress > 0) return;
      this.#waiter?.();
      this.#waiter = undefined;
    });
  }

  async #retryInOrder(socket: SocketId, queue: Aside[]): Promise<void> {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const outcome = await deliverOnce(this.#gateway, socket, next.message.body, next.record);
      if (typeof outcome !== 'string') {
        this.#inRow += 1;
        queue[0] = { message: next.message, ...outcome };
        return;
      }
      this.#inRow = 0;
      queue.shift();
      next.message.settle(outcome, socket);
    }
    this.#aside.delete(socket);
  }

  /** A promise if the next delivery must wait. */
  #room(): Promise<void> | undefined {
    if (this.#pacer === undefined && this.#inRow >= throttledInRow) return this.#slowDown();
    return this.#limit.room();
  }

  #slowDown(): Promise<void> {
    this.#inRow = 0;
    const { clock } = this.#gateway;
    return clock.sleep(slowDownMs.min + clock.random() * (slowDownMs.max - slowDownMs.min));
  }
}
