import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { timeouts } from './timeouts.ts';

/** The queue of deferred deliveries, and where those end that nobody could carry out. */
export interface TaskQueue {
  readonly queue: Queue;
  readonly dead: Queue;
}

/** How often a task is taken up before it counts as dead. */
const receives = 5;

/** Makes both queues, encrypted, and closed to whoever does not use TLS. */
export function taskQueue(scope: Construct, removalPolicy: RemovalPolicy): TaskQueue {
  const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy };
  // SQS: a message is kept for 14 days at most.
  const dead = new Queue(scope, 'DeadTasks', { ...common, retentionPeriod: Duration.days(14) });
  const queue = new Queue(scope, 'Tasks', {
    ...common,
    // Lambda: at least six times the function's time-out, so that a batch never comes again while it is worked off.
    visibilityTimeout: Duration.seconds(6 * timeouts.tasks),
    deadLetterQueue: { queue: dead, maxReceiveCount: receives },
  });
  return { queue, dead };
}

/** Lets a function work the queue off; only those tasks of a batch come again that it says have failed. */
export function consumeTasks(
  scope: Construct,
  { queue }: TaskQueue,
  target: IFunction,
  maxConcurrency: number,
): EventSourceMapping {
  return new EventSourceMapping(scope, 'Work', {
    target,
    eventSourceArn: queue.queueArn,
    // Beyond it messages wait and are not received: a function that is throttled would use up their receives.
    maxConcurrency,
    // SQS: more than ten would wait for a batch to fill.
    batchSize: 10,
    reportBatchItemFailures: true,
  });
}
