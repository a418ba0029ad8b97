import { createHash, randomUUID } from 'node:crypto';
import type { Handler } from './bundles.ts';
import type { Operation } from './json-service.ts';

/** A message of a queue. */
interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** A queue, by its name: the Lambda that works it off, and when a message whose task failed comes again. */
interface Work {
  readonly lambda: Handler;
  readonly visibilityMs: number;
}

/**
 * SQS as far as it is used:
 * - a message is handed to its queue's Lambda after its delay, in a batch
 * - a message that the Lambda reports as failed, or whose Lambda threw, comes again after its visibility time-out
 * - the fault doubled: so many messages are handed over twice, at once
 * - the fault repeated: so many messages come again after their tasks were done
 */
export class Queue {
  doubled = 0;
  repeated = 0;
  readonly #work = new Map<string, Work>();
  readonly #waiting = new Map<() => void, { due: number; timer: NodeJS.Timeout | undefined }>();
  readonly #running = new Set<Promise<void>>();
  #isHeld = false;

  /** Lets a Lambda work off a queue. */
  attach(queueUrl: string, lambda: Handler, visibilityMs = 200): void {
    this.#work.set(nameOf(queueUrl), { lambda, visibilityMs });
  }

  detach(queueUrl: string): void {
    this.#work.delete(nameOf(queueUrl));
  }

  readonly sendMessage: Operation = ({ QueueUrl, MessageBody, DelaySeconds }) => {
    const message = { messageId: randomUUID(), body: String(MessageBody) };
    this.#handAfter(Number(DelaySeconds ?? 0) * 1000, String(QueueUrl), message);
    const MD5OfMessageBody = createHash('md5').update(message.body).digest('hex');
    return { MessageId: message.messageId, MD5OfMessageBody };
  };

  /** Hands nothing over until it is released; SQS promises no pace. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.pass(0);
  }

  /** So many milliseconds go by at once. */
  pass(ms: number): void {
    for (const [hand, wait] of [...this.#waiting]) {
      wait.due -= ms;
      if (wait.due <= Date.now()) this.#begin(hand);
      else this.#arm(hand, wait.due);
    }
  }

  /** Resolves when no task is under way, and none is due. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Forgets what waits. */
  stop(): void {
    this.#work.clear();
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #handAfter(delayMs: number, queueUrl: string, message: Message): void {
    const hand = (): void => {
      const handing = this.#hand(queueUrl, message).finally(() => this.#running.delete(handing));
      this.#running.add(handing);
    };
    if (delayMs > 0) this.#arm(hand, Date.now() + delayMs);
    else this.#begin(hand);
  }

  #arm(hand: () => void, due: number): void {
    clearTimeout(this.#waiting.get(hand)?.timer);
    this.#waiting.set(hand, { due, timer: setTimeout(() => this.#begin(hand), due - Date.now()) });
  }

  #begin(hand: () => void): void {
    clearTimeout(this.#waiting.get(hand)?.timer);
    if (this.#isHeld) {
      this.#waiting.set(hand, { due: Date.now(), timer: undefined });
    } else {
      this.#waiting.delete(hand);
      hand();
    }
  }

  async #hand(queueUrl: string, message: Message): Promise<void> {
    const work = this.#work.get(nameOf(queueUrl));
    if (work === undefined) return;
    const times = this.doubled > 0 ? 2 : 1;
    this.doubled = Math.max(0, this.doubled - 1);
    const done = await Promise.all(Array.from({ length: times }, () => isDone(work.lambda, message)));
    const isRepeated = done.includes(true) && this.repeated > 0;
    if (isRepeated) this.repeated -= 1;
    if (!done.includes(true) || isRepeated) this.#handAfter(work.visibilityMs, queueUrl, message);
  }
}

function nameOf(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

async function isDone(lambda: Handler, message: Message): Promise<boolean> {
  return lambda({ Records: [message] }).then(
    (result) => !JSON.stringify(result).includes(message.messageId),
    () => false,
  );
}
