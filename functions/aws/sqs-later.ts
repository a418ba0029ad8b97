import type { Clock, Later, Task } from '../gateway/ports.ts';
import { AwsService, type Caller } from './aws-service.ts';
import type { QueueRecord } from './events.ts';
import { JsonProtocol } from './json-protocol.ts';
import { writeTask } from './task.ts';

/** The longest delay of a message. SQS: 15 minutes. */
const longestDelaySeconds = 900;

/** By how much each message of a task that is too long for one is behind the one before, in seconds: SQS keeps no order. */
const apartSeconds = 2;

/** The shortest and the longest time until a task comes again that failed, in seconds; each is four times the one before. */
const againSeconds = { least: 5, most: 900 };

/** The queue, and where SQS is: at the queue's own origin, unless an emulator is elsewhere. */
export interface QueueAddress {
  readonly url: string;
  readonly endpoint: string;
}

/** Work for later in a queue, which hands each task to the deliver function at least once. */
export class SqsLater implements Later {
  readonly #sqs: JsonProtocol;
  readonly #queueUrl: string;

  constructor({ url, endpoint }: QueueAddress, caller: Caller, clock: Clock) {
    const service = new AwsService('sqs', endpoint, caller, clock);
    this.#sqs = new JsonProtocol(service, { target: 'AmazonSQS', version: '1.0' }, clock);
    this.#queueUrl = url;
  }

  async queue(task: Task, delayMs = 0): Promise<void> {
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
    const { least, most } = againSeconds;
    const receives = Number(attributes?.ApproximateReceiveCount ?? 1);
    const VisibilityTimeout = Math.min(most, least * 4 ** (receives - 1));
    const message = { QueueUrl: this.#queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout };
    await this.#sqs.run('ChangeMessageVisibility', message);
  }
}
