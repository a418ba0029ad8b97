import type { Clock, Task, TaskQueue } from '../../gateway/ports.ts';
import { backoff } from '../../wire/backoff.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { JsonProtocol } from '../client/json-protocol.ts';
import type { QueueRecord } from '../events.ts';
import { writeTask } from './task-message.ts';

/** The longest delay of a message. SQS: 15 minutes. */
const longestDelaySeconds = 900;

/** By how much each message of a task that is too long for one is behind the one before, in seconds: SQS keeps no order. */
const apartSeconds = 2;

/** How long a task that failed stays away, in seconds. */
const pausesSeconds = { first: 5, factor: 4, longest: 900 };

/** The queue, and where SQS is: at the queue's own origin, unless an emulator is elsewhere. */
export interface QueueAddress {
  readonly url: string;
  readonly endpoint: string;
}

/** Work for later in a queue, which hands each task to the tasks function at least once. */
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
   * Lets a message that failed come again after seconds: the queue's visibility time-out is for functions that died, and
   * six times as long as any runs.
   */
  async putBack({ receiptHandle, attributes }: QueueRecord): Promise<void> {
    if (receiptHandle === undefined) return;
    const receives = Number(attributes?.ApproximateReceiveCount ?? 1);
    const VisibilityTimeout = backoff(receives, pausesSeconds);
    const message = { QueueUrl: this.#queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout };
    await this.#sqs.run('ChangeMessageVisibility', message);
  }
}
