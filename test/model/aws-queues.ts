import type { QueueRecord } from '../../functions/aws/events.ts';
import { type QueueName, SqsTaskQueue } from '../../functions/aws/queue/sqs-task-queue.ts';
import { writeTask } from '../../functions/aws/queue/task-message.ts';
import type { Clock } from '../../functions/gateway/ports.ts';
import type { Task } from '../../functions/gateway/tasks.ts';
import { backoff, type Pauses } from '../../functions/wire/backoff.ts';
import type { Caller } from './aws-service.ts';
import type { Timeline } from './timeline.ts';

/** The queues of this model. Presence has a model of its own. */
export type UsedQueue = Exclude<QueueName, 'presence' | 'batches'>;

/** The longest delay of a message. SQS: 15 minutes. */
const longestDelayMs = 900_000;

interface Message {
  readonly id: number;
  readonly body: string;
  receives: number;
  /** When it is handed out next, in milliseconds since 1970. */
  visibleAt: number;
}

/** A queue of SQS, which hands each of its messages to its consumer, at least once. */
export class ModelQueue {
  /** How many of the next messages are handed out twice. */
  doubled = 0;
  /** What was received too often. */
  readonly dead: string[] = [];
  readonly #timeline: Timeline;
  /** How long a received message is hidden, in milliseconds. */
  readonly #hiddenMs: number;
  readonly #maxReceives: number;
  readonly #messages = new Map<number, Message>();
  #count = 0;
  /** Returns whether the message is done. It never resolves if the consumer dies. */
  consume: (record: QueueRecord) => Promise<boolean> = async () => true;
  /** Takes a message that was received too often. */
  bury: (body: string) => void = (body) => this.dead.push(body);

  constructor(timeline: Timeline, hiddenMs: number, maxReceives: number) {
    this.#timeline = timeline;
    this.#hiddenMs = hiddenMs;
    this.#maxReceives = maxReceives;
  }

  /** The texts of the messages that are neither done nor dead. */
  get bodies(): string[] {
    return [...this.#messages.values()].map(({ body }) => body);
  }

  send(body: string, delayMs: number): void {
    this.#count += 1;
    const message = { id: this.#count, body, receives: 0, visibleAt: 0 };
    this.#messages.set(message.id, message);
    this.#showIn(message, 5 + Math.min(longestDelayMs, Math.ceil(delayMs / 1_000) * 1_000));
  }

  hide(id: number, ms: number): void {
    const message = this.#messages.get(id);
    if (message !== undefined) this.#showIn(message, ms);
  }

  #showIn(message: Message, ms: number): void {
    const at = this.#timeline.time + ms;
    message.visibleAt = at;
    this.#timeline.after(ms, () => {
      if (this.#messages.has(message.id) && message.visibleAt === at) this.#handOut(message);
    });
  }

  #handOut(message: Message): void {
    message.receives += 1;
    if (message.receives > this.#maxReceives) {
      this.#messages.delete(message.id);
      this.bury(message.body);
      return;
    }
    this.#showIn(message, this.#hiddenMs);
    void this.#consumed(message);
    if (this.doubled === 0) return;
    this.doubled -= 1;
    void this.#consumed(message);
  }

  async #consumed({ id, body, receives }: Message): Promise<void> {
    const attributes = { ApproximateReceiveCount: String(receives) };
    const record = { messageId: String(id), receiptHandle: String(id), body, attributes };
    if (await this.consume(record)) this.#messages.delete(id);
  }
}

/** Nobody is asked with these: the queues are of this model. */
const unused = { presence: undefined, batches: undefined, retries: undefined, deadRetries: undefined };
const nowhere = { url: 'http://127.0.0.1:9/tasks', ...unused, endpoint: 'http://127.0.0.1:9' };
const nobody = { region: 'eu-central-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };

/** The queues as one process sees them. */
export class CalledQueues extends SqsTaskQueue {
  readonly #queues: Readonly<Record<UsedQueue, ModelQueue>>;
  readonly #caller: Caller;

  constructor(queues: Readonly<Record<UsedQueue, ModelQueue>>, caller: Caller, clock: Clock) {
    super(nowhere, nobody, clock);
    this.#queues = queues;
    this.#caller = caller;
  }

  override async enqueue(task: Task, delayMs = 0): Promise<void> {
    const queue = this.#queues[task.kind === 'retry' ? 'retries' : 'tasks'];
    for (const body of writeTask(task))
      await this.#caller.call('sqs', 'SendMessage', async () => queue.send(body, delayMs));
  }

  override enqueueBatches(): Promise<void> {
    return Promise.reject(new Error('Nobody broadcasts here.'));
  }

  override async putBack(
    { messageId, attributes }: QueueRecord,
    from: QueueName,
    pauses: Pauses,
  ): Promise<void> {
    if (from === 'batches' || from === 'presence') throw new Error(`Nobody uses the queue of ${from} here.`);
    const ms = backoff(Number(attributes?.ApproximateReceiveCount ?? 1), pauses) * 1_000;
    const queue = this.#queues[from];
    await this.#caller.call('sqs', 'ChangeMessageVisibility', async () => queue.hide(Number(messageId), ms));
  }
}
