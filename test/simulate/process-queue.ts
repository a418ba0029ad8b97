import type { QueueRecord } from '../../functions/aws/events.ts';
import { batchCalls } from '../../functions/aws/queue/batch-calls.ts';
import { type QueueName, SqsTaskQueue } from '../../functions/aws/queue/sqs-task-queue.ts';
import { writeTask } from '../../functions/aws/queue/task-message.ts';
import type { BatchTask, Task } from '../../functions/gateway/tasks.ts';
import { backoff, type Pauses } from '../../functions/wire/backoff.ts';
import type { Process } from './process.ts';
import type { Queue } from './queue.ts';
import type { Random } from './random.ts';

/** How long a call of SQS takes, in milliseconds. */
const callTime = { median: 8, spread: 0.4 };

/** Nobody is asked with these: the queues are simulated. */
const unused = { presence: undefined, batches: undefined, retries: undefined, deadRetries: undefined };
const nowhere = { url: 'http://127.0.0.1:9/tasks', ...unused, endpoint: 'http://127.0.0.1:9' };

/** The queues that a broadcast uses. */
type UsedQueue = Extract<QueueName, 'tasks' | 'batches'>;
const nobody = { region: 'eu-central-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };

/** The queues as one process sees them. */
export class ProcessQueue extends SqsTaskQueue {
  readonly #queues: Readonly<Record<UsedQueue, Queue>>;
  readonly #process: Process;
  readonly #random: Random;

  constructor(queues: Readonly<Record<UsedQueue, Queue>>, process: Process, random: Random) {
    super(nowhere, nobody, process.clock);
    this.#queues = queues;
    this.#process = process;
    this.#random = random;
  }

  override async enqueue(task: Task, delayMs = 0): Promise<void> {
    if (task.kind === 'batch') return this.enqueueBatches([task], delayMs);
    await this.#process.sleep(this.#random.time(callTime));
    // An app would get these hooks. There is none, and they cost the broadcast no more than that they are queued.
    if (task.kind !== 'closed') for (const body of writeTask(task)) this.#queues.tasks.send(body, delayMs);
  }

  override async enqueueBatches(tasks: readonly BatchTask[], delayMs = 0): Promise<void> {
    for (const call of batchCalls(tasks.flatMap(writeTask))) {
      await this.#process.sleep(this.#random.time(callTime));
      for (const { MessageBody } of call) this.#queues.batches.send(MessageBody, delayMs);
    }
    this.#process.holds(-tasks.reduce((sum, { sockets }) => sum + sockets.length, 0));
  }

  override async putBack(
    { messageId, attributes }: QueueRecord,
    from: QueueName,
    pauses: Pauses,
  ): Promise<void> {
    await this.#process.sleep(this.#random.time(callTime));
    if (from !== 'tasks' && from !== 'batches') throw new Error(`A broadcast queues nothing in ${from}.`);
    const seconds = backoff(Number(attributes?.ApproximateReceiveCount ?? 1), pauses);
    this.#queues[from].hide(Number(messageId), seconds * 1_000);
  }
}
