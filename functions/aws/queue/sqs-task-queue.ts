import type { Clock } from '../../gateway/ports.ts';
import type { BatchTask, Task, TaskQueue } from '../../gateway/tasks.ts';
import { backoff, halfJitter, type Pauses } from '../../wire/backoff.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { JsonProtocol } from '../client/json-protocol.ts';
import type { QueueEvent, QueueRecord } from '../events.ts';
import { batchCalls, type Entry, failedEntries } from './batch-calls.ts';
import { writeTask } from './task-message.ts';

/**
 * The longest delay of a message. SQS: 15 minutes. A task that is due later comes early, so it has to bear that. One of
 * presence looks again: it still comes after any run that it is to outlive has ended.
 */
const longestDelaySeconds = 900;

/** The delay between the messages of a task that needs several, in seconds: SQS keeps no order. */
const apartSeconds = 2;

/** How often the messages are sent that SQS did not take, and the pauses before that, in milliseconds. */
const sends = 4;
const pausesMs = { first: 200 };

/**
 * Most messages are harmless if they are there twice: a flush or a closed hook needs the lease, a segment or a batch
 * its claim. Deliveries are made twice, which is better than not at all. An attempt gets more time than usual, so that
 * a slow SQS rarely has two of one.
 */
const repeatable = { target: 'AmazonSQS', version: '1.0', maxMsOfAttempt: 2_500 } as const;

/**
 * Two retries of one hook would be posted beside each other for hours, and two replays make two retries of each letter.
 * So there is one attempt, unless SQS certainly did not take it. It leaves a run the time to keep the hook otherwise.
 */
const forking = { ...repeatable, maxMs: 3_250, maxMsOfAttempt: 3_250, repeats: 'untaken' } as const;

/** The URLs of the queues, and of SQS: the queue's own origin, unless there is an emulator. */
export interface QueueAddress {
  readonly url: string;
  /** The queue of the tasks of presence, for functions that queue some, if the app wants to hear of presence. */
  readonly presence: string | undefined;
  /** The queue of the batches of broadcasts, for functions that queue some. */
  readonly batches: string | undefined;
  /** The queue of retries, for functions that queue some. */
  readonly retries: string | undefined;
  /** The queue of the retries whose workers died or failed each time, for the function that keeps them. */
  readonly deadRetries: string | undefined;
  readonly endpoint: string;
}

/**
 * The queues in SQS: of tasks, of presence, whose tasks nobody makes up for, of the batches of broadcasts, which have few
 * workers, and of retries, whose workers wait for an app that may not answer. Each task is handed to its function at least
 * once.
 */
export class SqsTaskQueue implements TaskQueue {
  readonly #sqs: JsonProtocol;
  /** For messages that must not be there twice. */
  readonly #once: JsonProtocol;
  readonly #clock: Clock;
  readonly #urls: Omit<QueueAddress, 'endpoint'>;

  constructor({ endpoint, ...urls }: QueueAddress, caller: Caller, clock: Clock) {
    const service = new AwsService('sqs', endpoint, caller, clock);
    this.#sqs = new JsonProtocol(service, repeatable, clock);
    this.#once = new JsonProtocol(service, forking, clock);
    this.#clock = clock;
    this.#urls = urls;
  }

  /** Rejects if SQS did not take the task. It may have taken one whose answer never came. */
  async enqueue(task: Task, delayMs = 0): Promise<void> {
    if (task.kind === 'batch') return this.enqueueBatches([task], delayMs);
    const QueueUrl = this.#urlOf(queueOf(task));
    const sqs = task.kind === 'retry' || task.kind === 'replay' ? this.#once : this.#sqs;
    const seconds = Math.ceil(delayMs / 1000);
    for (const [at, MessageBody] of writeTask(task).entries()) {
      const DelaySeconds = Math.min(longestDelaySeconds, seconds + at * apartSeconds);
      await sqs.run('SendMessage', { QueueUrl, MessageBody, DelaySeconds });
    }
  }

  /** Rejects if SQS still does not take one of them after several calls. The others may be queued. */
  async enqueueBatches(tasks: readonly BatchTask[], delayMs = 0): Promise<void> {
    const DelaySeconds = Math.min(longestDelaySeconds, Math.ceil(delayMs / 1000));
    const bodies = tasks.flatMap(writeTask);
    for (const call of batchCalls(bodies)) await this.#sendAll(call, DelaySeconds);
  }

  async #sendAll(entries: readonly Entry[], DelaySeconds: number): Promise<void> {
    const QueueUrl = this.#urlOf('batches');
    let left = entries;
    for (let attempt = 1; ; attempt++) {
      const Entries = left.map((entry) => ({ ...entry, DelaySeconds }));
      const { failed, why } = failedEntries(
        await this.#sqs.run('SendMessageBatch', { QueueUrl, Entries }),
        left,
      );
      if (failed.length === 0) return;
      if (attempt === sends) throw new Error(`SQS did not take ${failed.length} batches: ${why}`);
      left = failed;
      await this.#clock.sleep(halfJitter(backoff(attempt, pausesMs), this.#clock.random()));
    }
  }

  /**
   * Makes a failed message visible again after a pause of seconds, which grows with its receives. The queue's own
   * visibility timeout is for functions that died, and is six times as long as any function runs.
   */
  async putBack(
    { receiptHandle, attributes }: QueueRecord,
    from: QueueName,
    pausesSeconds: Pauses,
  ): Promise<void> {
    if (receiptHandle === undefined) return;
    const receives = Number(attributes?.ApproximateReceiveCount ?? 1);
    const VisibilityTimeout = backoff(receives, pausesSeconds);
    const QueueUrl = this.#urlOf(from);
    await this.#sqs.run('ChangeMessageVisibility', {
      QueueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout,
    });
  }

  /** Removes a message whose task is done. */
  async remove({ receiptHandle }: QueueRecord, from: QueueName): Promise<void> {
    if (receiptHandle === undefined) return;
    await this.#sqs.run('DeleteMessage', { QueueUrl: this.#urlOf(from), ReceiptHandle: receiptHandle });
  }

  /** Whether an event came from the queue of presence. SQS: the ARN and the URL of a queue both end with its name. */
  isOfPresence({ Records: [first] }: QueueEvent): boolean {
    const { presence } = this.#urls;
    const name = presence?.slice(presence.lastIndexOf('/') + 1);
    return name !== undefined && first?.eventSourceARN?.endsWith(`:${name}`) === true;
  }

  #urlOf(name: QueueName): string {
    const url = name === 'tasks' ? this.#urls.url : this.#urls[name];
    if (url === undefined) throw new Error(`This function has no queue of ${name}.`);
    return url;
  }
}

/** One of the queues. */
export type QueueName = 'tasks' | 'presence' | 'batches' | 'retries' | 'deadRetries';

/** The queue of a task. */
function queueOf({ kind }: Task): QueueName {
  if (kind === 'retry') return 'retries';
  return kind === 'presence' ? 'presence' : 'tasks';
}
