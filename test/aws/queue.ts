import { createHash, randomUUID } from 'node:crypto';
import type { Handler } from './bundles.ts';
import type { Operation } from './json-service.ts';

/** A message of a queue. */
interface Message {
  readonly messageId: string;
  body: string;
  /** How often it was handed over. */
  receives: number;
  /** When it comes again if it fails, in milliseconds, if its Lambda has said so. */
  visibilityMs?: number;
  /** Whether its Lambda has deleted it. */
  isDeleted?: boolean;
}

/** A message that waits for its time, in the queue of this name. */
interface Waiting {
  readonly queue: string;
  readonly message: Message;
  due: number;
  timer?: NodeJS.Timeout;
}

/** How a queue is worked off. */
interface Source {
  /** When a message whose task failed comes again. */
  readonly visibilityMs?: number;
  /** The most messages of an event, as the stack has it. */
  readonly batchSize?: number;
  /** The most events at a time. */
  readonly maxConcurrency?: number;
  /** How often a message is handed over before it is dead. Its Lambda is then told how often it was. */
  readonly maxReceives?: number;
  /** The queue that dead messages go to. */
  readonly redrive?: string;
}

interface Work extends Required<Omit<Source, 'redrive'>>, Pick<Source, 'redrive'> {
  readonly lambda: Handler;
  inProgress: number;
}

/**
 * SQS, and Lambda's event source of it, as far as they are used:
 * - a message is handed to its queue's Lambda after its delay, with those that wait beside it, ten in an event at most
 *   (contract "every kind of task", "a batch of the queue")
 * - a message that the Lambda reports as failed comes again after its visibility time-out, and no other of its event
 *   ("a batch of the queue")
 * - all messages of an event come again if the Lambda threw, died, or reports one that it was not given ("a batch of
 *   the queue", killed-deliver)
 * - no more events of a queue are under way than its source allows (broadcasts)
 * - a message that failed as often as its queue allows is dead, and holds up no other; its Lambda may say when one comes
 *   again (broadcasts)
 * - a dead message goes to the queue of dead ones, if there is one, and is as new there (killed-retries)
 * - a Lambda may delete a message itself, whatever becomes of the others of its event (killed-retries)
 * - a Lambda is told which queue an event is of, and a receipt of another queue is refused (presence-looks)
 * - a delay is at most 15 minutes (retries)
 * - the fault doubled: so many messages are handed over twice, at once (faults-sending)
 * - the fault repeated: so many messages come again after their tasks were done (faults-sending)
 */
export class Queue {
  doubled = 0;
  repeated = 0;
  /** The bodies of the dead messages. */
  readonly dead: string[] = [];
  /** Requests that SQS bills, by what they did: Lambda receives and deletes the messages of an event together. */
  readonly requests = { sent: 0, received: 0, deleted: 0 };
  readonly #work = new Map<string, Work>();
  readonly #waiting = new Set<Waiting>();
  /** The messages that are being worked on, by their queues and receipts. */
  readonly #received = new Map<string, Message>();
  readonly #running = new Set<Promise<void>>();
  #isHeld = false;
  #isComing = false;

  /** Lets a Lambda work off a queue. */
  attach(queueUrl: string, lambda: Handler, source: Source = {}): void {
    const usual = { visibilityMs: 200, batchSize: 10, maxConcurrency: 1_000, maxReceives: Infinity };
    this.#work.set(nameOf(queueUrl), { ...usual, ...source, lambda, inProgress: 0 });
  }

  detach(queueUrl: string): void {
    this.#work.delete(nameOf(queueUrl));
  }

  /** Puts a text there, as another service does. */
  put(queueUrl: string, body: string): void {
    this.#put(nameOf(queueUrl), { messageId: randomUUID(), body, receives: 0 }, 0);
  }

  readonly #sendMessage: Operation = ({ QueueUrl, MessageBody, DelaySeconds }) => {
    const message = { messageId: randomUUID(), body: String(MessageBody), receives: 0 };
    const seconds = Number(DelaySeconds ?? 0);
    // SQS API Reference, SendMessage.
    if (!Number.isInteger(seconds) || seconds > 900 || Buffer.byteLength(message.body) > 1_048_576)
      return undefined;
    this.requests.sent += 1;
    this.#put(nameOf(String(QueueUrl)), message, seconds * 1000);
    const MD5OfMessageBody = createHash('md5').update(message.body).digest('hex');
    return { MessageId: message.messageId, MD5OfMessageBody };
  };

  readonly #sendMessageBatch: Operation = ({ QueueUrl, Entries }) => {
    const entries = Entries as readonly { readonly Id: string; readonly MessageBody: string }[];
    const bytes = entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
    // SQS API Reference, SendMessageBatch.
    if (entries.length > 10 || bytes > 262_144) return undefined;
    const Successful = entries.map((entry) => ({
      Id: entry.Id,
      ...(this.#sendMessage({ ...entry, QueueUrl }) as object),
    }));
    return { Successful, Failed: [] };
  };

  readonly #changeMessageVisibility: Operation = ({ QueueUrl, ReceiptHandle, VisibilityTimeout }) => {
    const message = this.#received.get(receiptOf(String(QueueUrl), ReceiptHandle));
    if (message === undefined) return undefined;
    message.visibilityMs = Number(VisibilityTimeout) * 1_000;
    return {};
  };

  readonly #deleteMessage: Operation = ({ QueueUrl, ReceiptHandle }) => {
    const message = this.#received.get(receiptOf(String(QueueUrl), ReceiptHandle));
    this.requests.deleted += 1;
    if (message === undefined) return undefined;
    message.isDeleted = true;
    return {};
  };

  /** What SQS is asked. */
  readonly operations: Readonly<Record<string, Operation>> = {
    SendMessage: this.#sendMessage,
    SendMessageBatch: this.#sendMessageBatch,
    ChangeMessageVisibility: this.#changeMessageVisibility,
    DeleteMessage: this.#deleteMessage,
  };

  /** Hands nothing over until it is released; SQS promises no pace. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#handSoon();
  }

  /** The bodies of the messages that wait in a queue. */
  waitingIn(queueUrl: string): string[] {
    const waits = [...this.#waiting].filter(({ queue }) => queue === nameOf(queueUrl));
    return waits.map(({ message }) => message.body);
  }

  /** Forgets what waits in a queue. */
  clear(queueUrl: string): void {
    this.#take([...this.#waiting].filter(({ queue }) => queue === nameOf(queueUrl)));
  }

  /** As if what waits in a queue had been handed over so often before, each time in vain. */
  wear(queueUrl: string, receives: number): void {
    for (const { queue, message } of this.#waiting)
      if (queue === nameOf(queueUrl)) message.receives += receives;
  }

  /** So many milliseconds go by at once. `older` makes what a message says as much older. */
  pass(ms: number, older: (body: string) => string = (body) => body): void {
    for (const wait of this.#waiting) {
      wait.due -= ms;
      wait.message.body = older(wait.message.body);
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
    const queues = new Map<string, Waiting[]>();
    for (const wait of due) queues.set(wait.queue, [...(queues.get(wait.queue) ?? []), wait]);
    for (const [queue, waits] of queues) {
      const work = this.#work.get(queue);
      if (work === undefined) this.#take(waits);
      else
        while (waits.length > 0 && work.inProgress < work.maxConcurrency)
          this.#run(this.#hand(queue, work, this.#take(waits.splice(0, work.batchSize))));
    }
  }

  #take(waits: readonly Waiting[]): Message[] {
    for (const wait of waits) {
      clearTimeout(wait.timer);
      this.#waiting.delete(wait);
    }
    return waits.map(({ message }) => message);
  }

  #run(work: Promise<void>): void {
    const run = work.finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #hand(queue: string, work: Work, batch: readonly Message[]): Promise<void> {
    const twice = batch.slice(0, this.doubled);
    this.doubled -= twice.length;
    const events = [batch, twice].filter(({ length }) => length > 0);
    work.inProgress += 1;
    this.requests.received += 1;
    for (const message of batch) message.receives += 1;
    const tells = work.maxReceives < Infinity;
    if (tells) for (const message of batch) this.#received.set(receiptOf(queue, message.messageId), message);
    const done = await Promise.all(events.map((event) => doneOf(work.lambda, queue, event, tells)));
    work.inProgress -= 1;
    if (done.flat().length > 0) this.requests.deleted += 1;
    this.#handSoon();
    for (const message of batch) {
      const { visibilityMs = work.visibilityMs } = message;
      delete message.visibilityMs;
      this.#received.delete(receiptOf(queue, message.messageId));
      const isDone = done.some((messages) => messages.includes(message));
      const isRepeated = isDone && this.repeated > 0;
      if (isRepeated) this.repeated -= 1;
      if (message.isDeleted === true) continue;
      if (!isDone && message.receives >= work.maxReceives) this.#bury(work, message);
      else if (!isDone || isRepeated) this.#put(queue, message, visibilityMs);
    }
  }

  #bury({ redrive }: Work, message: Message): void {
    this.dead.push(message.body);
    if (redrive !== undefined) this.#put(nameOf(redrive), { ...message, receives: 0 }, 0);
  }
}

/** SQS knows a receipt only in the queue that it is of. */
function receiptOf(queueUrl: string, receipt: unknown): string {
  return `${nameOf(queueUrl)} ${receipt}`;
}

function nameOf(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

/** The messages of an event of a queue whose tasks the Lambda has done. Lambda: no report at all is that of a success. */
async function doneOf(
  lambda: Handler,
  queue: string,
  event: readonly Message[],
  tells: boolean,
): Promise<readonly Message[]> {
  const Records = event.map(({ messageId, body, receives }) => ({
    ...{ messageId, body, eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${queue}` },
    ...(tells ? { receiptHandle: messageId, attributes: { ApproximateReceiveCount: String(receives) } } : {}),
  }));
  try {
    const result = (await lambda({ Records })) as
      | { readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[] }
      | undefined;
    const failed = (result?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    const isKnown = failed.every((id) => event.some(({ messageId }) => messageId === id));
    return isKnown ? event.filter(({ messageId }) => !failed.includes(messageId)) : [];
  } catch {
    return [];
  }
}
