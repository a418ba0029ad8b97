import { createHash, randomUUID } from 'node:crypto';
import type { Handler } from './bundles.ts';
import type { Operation } from './json-service.ts';

/** How soon a message whose task failed comes again, in milliseconds; SQS waits for its visibility time-out. */
const againMs = 200;

/**
 * SQS as far as it is used:
 * - a message is handed to its queue's Lambda after its delay, in a batch
 * - a message that the Lambda reports as failed, or whose Lambda threw, comes again
 */
export class Queue {
  readonly #lambdas = new Map<string, Handler>();

  /** Lets a Lambda work off a queue. */
  attach(queueUrl: string, lambda: Handler): void {
    this.#lambdas.set(queueUrl, lambda);
  }

  detach(queueUrl: string): void {
    this.#lambdas.delete(queueUrl);
  }

  readonly sendMessage: Operation = ({ QueueUrl, MessageBody, DelaySeconds }) => {
    const message = { messageId: randomUUID(), body: String(MessageBody) };
    setTimeout(() => void this.#hand(String(QueueUrl), message), Number(DelaySeconds ?? 0) * 1000);
    const MD5OfMessageBody = createHash('md5').update(message.body).digest('hex');
    return { MessageId: message.messageId, MD5OfMessageBody };
  };

  async #hand(queueUrl: string, message: { messageId: string; body: string }): Promise<void> {
    const lambda = this.#lambdas.get(queueUrl);
    if (lambda === undefined) return;
    const failed = await lambda({ Records: [message] }).then(
      (result) => JSON.stringify(result).includes(message.messageId),
      () => true,
    );
    if (failed) setTimeout(() => void this.#hand(queueUrl, message), againMs);
  }
}
