import type { Random } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** SQS bills each part of a message of this many bytes as a request. */
const billedBytes = 65_536;

/** How long SQS takes to hand out a message that is there, in milliseconds. */
const receiveTime = { median: 12, spread: 0.4 };

/** A message in a queue. */
export interface Message {
  readonly id: number;
  readonly body: string;
  receives: number;
  visibleAt: number;
}

/** What happens to the messages of a queue. */
export interface QueueRules {
  /** How long a received message is hidden, in milliseconds. */
  readonly visibilityMs: number;
  /** How many times a message is received before it is dead. */
  readonly receives: number;
  /** The share of messages that SQS hands out twice at the same time. It promises at least once, no more. */
  readonly doubled: number;
}

/** A standard queue of SQS. */
export class Queue {
  requests = 0;
  /** Messages that were received too often. */
  readonly dead: Message[] = [];
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #rules: QueueRules;
  readonly #messages = new Map<number, Message>();
  /** Consumers that wait for a message. */
  #waiting: (() => void)[] = [];
  #sent = 0;

  constructor(clock: SimulatedClock, random: Random, rules: QueueRules) {
    this.#clock = clock;
    this.#random = random;
    this.#rules = rules;
  }

  /** How many messages are neither done nor dead. */
  get length(): number {
    return this.#messages.size;
  }

  send(body: string, delayMs = 0): void {
    this.#sent += 1;
    this.requests += Math.ceil(body.length / billedBytes);
    const message = { id: this.#sent, body, receives: 0, visibleAt: 0 };
    this.#messages.set(message.id, message);
    this.#showIn(message, delayMs);
  }

  /** Resolves to at least one message and at most `most`, as soon as some are visible. */
  async receive(most: number): Promise<Message[]> {
    for (;;) {
      await this.#pause(this.#random.time(receiveTime));
      const received = this.#visible(most).map((message) => this.#received(message));
      const alive = received.filter(({ id }) => this.#messages.has(id));
      if (alive.length > 0) return alive;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  delete(id: number): void {
    this.#messages.delete(id);
    this.requests += 1;
  }

  /** Hides a message for some time from now on. */
  hide(id: number, ms: number): void {
    this.requests += 1;
    const message = this.#messages.get(id);
    if (message !== undefined) this.#showIn(message, ms);
  }

  #visible(most: number): Message[] {
    const found: Message[] = [];
    for (const message of this.#messages.values()) {
      if (message.visibleAt <= this.#clock.time) found.push(message);
      if (found.length === most) break;
    }
    return found;
  }

  #received(message: Message): Message {
    this.requests += Math.ceil(message.body.length / billedBytes);
    message.receives += 1;
    if (message.receives > this.#rules.receives) {
      this.#messages.delete(message.id);
      this.dead.push(message);
    }
    const isDoubled = message.receives === 1 && this.#random.next() < this.#rules.doubled;
    this.#showIn(message, isDoubled ? 0 : this.#rules.visibilityMs);
    return { ...message };
  }

  #showIn(message: Message, ms: number): void {
    message.visibleAt = this.#clock.time + ms;
    const wake = (): void => {
      if (this.#messages.get(message.id)?.visibleAt === message.visibleAt) this.#waiting.shift()?.();
    };
    if (ms === 0) this.#waiting.shift()?.();
    else this.#clock.after(ms, wake);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
