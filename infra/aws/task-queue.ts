import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** A queue of tasks, and the queue for those that failed every time. */
export interface TaskQueue {
  readonly queue: Queue;
  readonly dead: Queue;
}

/** How a function consumes a queue. */
export interface Consumption {
  /** The most runs at once. Above this, messages wait without being received, which uses up none of their receives. */
  readonly maxConcurrency: number;
  /** The most messages of a run. SQS: with more than ten, a batch would wait to fill. */
  readonly batchSize: number;
}

/** How many times a task is received before it counts as dead: `maxReceives` of the functions. SQS: 1,000 at most. */
const receives = { Tasks: 5, Presence: 240, Batches: 5, Retries: 120 } as const;

/** Creates the queue of a function and the one for its dead tasks. They are encrypted and require TLS. */
export function taskQueue(
  scope: Construct,
  id: keyof typeof receives,
  timeout: number,
  removalPolicy: RemovalPolicy,
): TaskQueue {
  const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy };
  // SQS: a message is kept for 14 days at most.
  const longest = { retentionPeriod: Duration.days(14) };
  const visibilityTimeout = Duration.seconds(6 * timeout);
  // Dead retries have a function too.
  const isConsumed = id === 'Retries' ? { visibilityTimeout } : {};
  const dead = new Queue(scope, `Dead${id}`, { ...common, ...longest, ...isConsumed });
  const queue = new Queue(scope, id, {
    ...common,
    // A message of a client has no other place, nor has the news of who has left, however long its function can't run.
    ...(id === 'Retries' || id === 'Presence' ? longest : {}),
    // Lambda: at least six times the function's timeout, so that no batch is received again while it runs.
    visibilityTimeout,
    deadLetterQueue: { queue: dead, maxReceiveCount: receives[id] },
  });
  return { queue, dead };
}

/** Makes a function consume a queue. Only the tasks that it reports as failed are received again. */
export function consume(
  scope: Construct,
  id: string,
  queue: IQueue,
  target: IFunction,
  consumption: Consumption,
): EventSourceMapping {
  return new EventSourceMapping(scope, id, {
    target,
    eventSourceArn: queue.queueArn,
    reportBatchItemFailures: true,
    ...consumption,
  });
}
