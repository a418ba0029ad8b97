import type { Clock, Task, TaskQueue } from '../../gateway/ports.ts';
import { backoff } from '../../wire/backoff.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { JsonProtocol } from '../client/json-protocol.ts';
import type { QueueRecord } from '../events.ts';
import { writeTask } from './task-message.ts';

/** The longest delay of a message. SQS: 15 minutes. */
const longestDelaySeconds = 900;

/** The delay between the messages of a task that needs several, in seconds: SQS keeps no order. */
const apartSeconds = 2;

/** The pauses before a failed task comes again, in seconds. */
const pausesSeconds = { first: 5, factor: 4, longest: 900 };

/** The URL of the queue, and of SQS: the queue's own origin, unless there is an emulator. */
export interface QueueAddress {
  readonly url: string;
  readonly endpoint: string;
}

/** The task queue in SQS. It hands each task to the tasks function at least once. */
export class SqsTaskQueue implements TaskQueue {
  readonly #sqs: JsonProtocol;
  readonly #queueUrl: string;

  constructor({ url, endpoint }: QueueAddress, caller: Caller, clock: Clock) {
    const service = new AwsService('sqs', endpoint, caller, clock);
    this.#sqs = new JsonProtocol(service, { target: 'AmazonSQS', version: '1.0' }, clock);
    this.#queueUrl = url;
  }

  async enqueue(task: Task, delayMs = 0): Promise<void> {
    const seconds = Math.ceil(delayMs / 1000);
    for (const [at, MessageBody] of writeTask(task).entries()) {
      const DelaySeconds = Math.min(longestDelaySeconds, seconds + at * apartSeconds);
      await this.#sqs.run('SendMessage', { QueueUrl: this.#queueUrl, MessageBody, DelaySeconds });
    }
  }

  /**
   * Makes a failed message visible again after a pause of seconds. The queue's own visibility timeout is for functions
   * that died, and is six times as long as any function runs.
   */
  async putBack({ receiptHandle, attributes }: QueueRecord): Promise<void> {
    if (receiptHandle === undefined) return;
    const receives = Number(attributes?.ApproximateReceiveCount ?? 1);
    const VisibilityTimeout = backoff(receives, pausesSeconds);
    const message = { QueueUrl: this.#queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout };
    await this.#sqs.run('ChangeMessageVisibility', message);
  }
}
