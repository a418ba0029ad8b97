import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Later, Task } from '../gateway/ports.ts';

/** The longest delay of a message. SQS: 15 minutes. */
const longestDelaySeconds = 900;

/** Work for later in a queue, which hands each task to the deliver function at least once. */
export class SqsLater implements Later {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async queue(task: Task, delayMs = 0): Promise<void> {
    const DelaySeconds = Math.min(longestDelaySeconds, Math.ceil(delayMs / 1000));
    await this.#client.send(
      new SendMessageCommand({ QueueUrl: this.#queueUrl, MessageBody: JSON.stringify(task), DelaySeconds }),
    );
  }
}
