import { randomUUID } from 'node:crypto';
import { writeTask } from '../../functions/aws/queue/task-message.ts';
import type { Task } from '../../functions/gateway/tasks.ts';

/** A message of the queue. */
export interface TaskMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often it was handed over. */
  receives: number;
  /** How long it was to wait, in seconds, before it was handed over. */
  delays: number[];
}

/** SQS, as far as tasks wait in it; whoever works them off says when time passes. */
export class TaskQueue {
  readonly #name: string;
  /** What waits, in the order in which it came. */
  readonly waiting: TaskMessage[] = [];
  /** What was handed over, and neither done nor put back. */
  readonly #handed = new Map<string, TaskMessage>();

  constructor(name: string) {
    this.#name = name;
  }

  put(...tasks: readonly Task[]): void {
    for (const body of tasks.flatMap(writeTask)) this.#add(body, 0);
  }

  /** Hands over so many messages, as Lambda's event source does. */
  hand(count: number): { readonly Records: readonly object[] } {
    const batch = this.waiting.splice(0, count);
    for (const message of batch) {
      message.receives += 1;
      this.#handed.set(message.receiptHandle, message);
    }
    const eventSourceARN = `arn:aws:sqs:eu-central-1:000000000000:${this.#name}`;
    return {
      Records: batch.map(({ messageId, receiptHandle, body, receives }) => ({
        ...{ messageId, receiptHandle, body, eventSource: 'aws:sqs', eventSourceARN },
        attributes: { ApproximateReceiveCount: String(receives) },
      })),
    };
  }

  /** Those that were handed over are done, but for these, which come again. */
  settle(failed: ReadonlySet<string>): void {
    for (const message of this.#handed.values())
      if (failed.has(message.messageId)) this.waiting.push(message);
    this.#handed.clear();
  }

  answer(operation: string, input: Readonly<Record<string, unknown>>): object {
    if (operation === 'SendMessage') {
      this.#add(String(input['MessageBody']), Number(input['DelaySeconds'] ?? 0));
      return { MessageId: randomUUID() };
    }
    if (operation === 'SendMessageBatch')
      for (const entry of input['Entries'] as readonly Readonly<Record<string, unknown>>[])
        this.#add(String(entry['MessageBody']), Number(entry['DelaySeconds'] ?? 0));
    if (operation === 'ChangeMessageVisibility')
      this.#handed.get(String(input['ReceiptHandle']))?.delays.push(Number(input['VisibilityTimeout']));
    return {};
  }

  #add(body: string, delay: number): void {
    const [messageId, receiptHandle] = [randomUUID(), randomUUID()];
    this.waiting.push({ messageId, receiptHandle, body, receives: 0, delays: [delay] });
  }
}
