import { createHash, randomUUID } from 'node:crypto';
import type { Handler } from './bundles.ts';
import type { Operation } from './json-service.ts';

/** The most messages of an event, as the stack has it. */
const batchSize = 10;

/** A message of a queue. */
interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** A message that waits for its time, in the queue of this name. */
interface Waiting {
  readonly queue: string;
  readonly message: Message;
  due: number;
  timer?: NodeJS.Timeout;
}

/** The Lambda that works a queue off, and when a message whose task failed comes again. */
interface Work {
  readonly lambda: Handler;
  readonly visibilityMs: number;
}

/**
 * SQS, and Lambda's event source of it, as far as they are used:
 * - a message is handed to its queue's Lambda after its delay, with those that wait beside it, ten in an event at most
 *   (contract "every kind of task", "a batch of the queue")
 * - a message that the Lambda reports as failed comes again after its visibility time-out, and no other of its event
 *   ("a batch of the queue")
 * - all messages of an event come again if the Lambda threw, died, or reports one that it was not given ("a batch of
 *   the queue", killed-deliver)
 * - the fault doubled: so many messages are handed over twice, at once (faults-sending)
 * - the fault repeated: so many messages come again after their tasks were done (faults-sending)
 */
export class Queue {
  doubled = 0;
  repeated = 0;
  readonly #work = new Map<string, Work>();
  readonly #waiting = new Set<Waiting>();
  readonly #running = new Set<Promise<void>>();
  #isHeld = false;
  #isComing = false;

  /** Lets a Lambda work off a queue. */
  attach(queueUrl: string, lambda: Handler, visibilityMs = 200): void {
    this.#work.set(nameOf(queueUrl), { lambda, visibilityMs });
  }

  detach(queueUrl: string): void {
    this.#work.delete(nameOf(queueUrl));
  }

  readonly sendMessage: Operation = ({ QueueUrl, MessageBody, DelaySeconds }) => {
    const message = { messageId: randomUUID(), body: String(MessageBody) };
    this.#put(nameOf(String(QueueUrl)), message, Number(DelaySeconds ?? 0) * 1000);
    const MD5OfMessageBody = createHash('md5').update(message.body).digest('hex');
    return { MessageId: message.messageId, MD5OfMessageBody };
  };

  /** Hands nothing over until it is released; SQS promises no pace. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#handSoon();
  }

  /** So many milliseconds go by at once. */
  pass(ms: number): void {
    for (const wait of this.#waiting) {
      wait.due -= ms;
      this.#arm(wait);
    }
  }

  /** Resolves when no task is under way, and none is due. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Forgets what waits. */
  stop(): void {
    this.#work.clear();
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }

  #put(queue: string, message: Message, delayMs: number): void {
    const wait: Waiting = { queue, message, due: Date.now() + delayMs };
    this.#waiting.add(wait);
    this.#arm(wait);
  }

  #arm(wait: Waiting): void {
    clearTimeout(wait.timer);
    const due = (): void => {
      // A timer may be a little early.
      wait.due = Math.min(wait.due, Date.now());
      this.#handSoon();
    };
    const left = wait.due - Date.now();
    if (left > 0) wait.timer = setTimeout(due, left);
    else due();
  }

  /** Hands over what is due, as soon as those have come that come at the same time. */
  #handSoon(): void {
    if (this.#isHeld || this.#isComing) return;
    this.#isComing = true;
    this.#run(
      new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#isComing = false;
        if (!this.#isHeld) this.#handDue();
      }),
    );
  }

  #handDue(): void {
    const due = [...this.#waiting].filter((wait) => wait.due <= Date.now());
    const queues = new Map<string, Message[]>();
    for (const wait of due) {
      clearTimeout(wait.timer);
      this.#waiting.delete(wait);
      queues.set(wait.queue, [...(queues.get(wait.queue) ?? []), wait.message]);
    }
    for (const [queue, messages] of queues) {
      while (messages.length > 0) this.#run(this.#hand(queue, messages.splice(0, batchSize)));
    }
  }

  #run(work: Promise<void>): void {
    const run = work.finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #hand(queue: string, batch: readonly Message[]): Promise<void> {
    const work = this.#work.get(queue);
    if (work === undefined) return;
    const twice = batch.slice(0, this.doubled);
    this.doubled -= twice.length;
    const events = [batch, twice].filter(({ length }) => length > 0);
    const done = await Promise.all(events.map((event) => doneOf(work.lambda, event)));
    for (const message of batch) {
      const isDone = done.some((messages) => messages.includes(message));
      const isRepeated = isDone && this.repeated > 0;
      if (isRepeated) this.repeated -= 1;
      if (!isDone || isRepeated) this.#put(queue, message, work.visibilityMs);
    }
  }
}

function nameOf(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

/** The messages of an event whose tasks the Lambda has done. Lambda: no report at all is that of a success. */
async function doneOf(lambda: Handler, event: readonly Message[]): Promise<readonly Message[]> {
  try {
    const result = (await lambda({ Records: event })) as
      | { readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[] }
      | undefined;
    const failed = (result?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    const isKnown = failed.every((id) => event.some(({ messageId }) => messageId === id));
    return isKnown ? event.filter(({ messageId }) => !failed.includes(messageId)) : [];
  } catch {
    return [];
  }
}
