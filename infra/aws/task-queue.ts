import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { timeouts } from './timeouts.ts';

/** The queue of tasks, and the queue for tasks that failed every time. */
export interface TaskQueue {
  readonly queue: Queue;
  readonly dead: Queue;
}

/** How many times a task is received before it counts as dead. */
const receives = 5;

/** Creates both queues. They are encrypted and require TLS. */
export function taskQueue(scope: Construct, removalPolicy: RemovalPolicy): TaskQueue {
  const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy };
  // SQS: a message is kept for 14 days at most.
  const dead = new Queue(scope, 'DeadTasks', { ...common, retentionPeriod: Duration.days(14) });
  const queue = new Queue(scope, 'Tasks', {
    ...common,
    // Lambda: at least six times the function's timeout, so that no batch is received again while it runs.
    visibilityTimeout: Duration.seconds(6 * timeouts.tasks),
    deadLetterQueue: { queue: dead, maxReceiveCount: receives },
  });
  return { queue, dead };
}

/** Makes a function consume the queue. Only the tasks of a batch that it reports as failed are received again. */
export function consumeTasks(
  scope: Construct,
  { queue }: TaskQueue,
  target: IFunction,
  maxConcurrency: number,
): EventSourceMapping {
  return new EventSourceMapping(scope, 'Work', {
    target,
    eventSourceArn: queue.queueArn,
    // Above this, messages wait without being received. A throttled function would use up their receives.
    maxConcurrency,
    // SQS: with more than ten, a batch would wait to fill.
    batchSize: 10,
    reportBatchItemFailures: true,
  });
}
