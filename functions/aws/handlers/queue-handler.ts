import { WorkIsBusy } from '../../gateway/broadcast/work-is-busy.ts';
import { DeliveryLimit } from '../../gateway/delivery-limit.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Task } from '../../gateway/tasks.ts';
import type { LambdaContext, QueueEvent, QueueRecord, QueueResult } from '../events.ts';
import type { AwsGateway } from '../gateway.ts';
import type { QueueName } from '../queue/sqs-task-queue.ts';
import { parseTask } from '../queue/task-message.ts';
import { withDeadline } from './with-deadline.ts';

/** How often the queues hand a message out before it is dead, as the stack has it. */
export const maxReceives = 5;

/** The pauses before a failed task comes again, in seconds. */
const failed = { first: 5, factor: 4, longest: 900 };

/**
 * The pauses before work comes again that another worker has. The second is as long as a lease, so that its claim has
 * ended at the third receive, whatever became of that worker.
 */
function busy(leaseMs: number) {
  const longest = Math.ceil(leaseMs / 1_000);
  return { first: 10, factor: longest, longest };
}

/** The handler of a queue. It runs the tasks of a batch of messages, and puts back those that failed. */
export function queueHandler(
  gateway: AwsGateway,
  queue: QueueName,
  work: (gateway: Gateway, task: Task) => Promise<void>,
): (event: QueueEvent, context: LambdaContext) => Promise<QueueResult> {
  const done = async (run: Gateway, record: QueueRecord): Promise<boolean> => {
    try {
      const isLastAttempt = Number(record.attributes?.ApproximateReceiveCount ?? 1) >= maxReceives;
      await work({ ...run, isLastAttempt }, parseTask(record.body));
      return true;
    } catch (error) {
      const isBusy = error instanceof WorkIsBusy;
      if (isBusy) gateway.log.info('broadcast_busy', { why: String(error) });
      else gateway.log.error('fault', { why: String(error) });
      const pauses = isBusy ? busy(gateway.policy.leaseMs) : failed;
      // Best effort: otherwise the task comes again when its visibility timeout ends.
      await gateway.tasks.putBack(record, queue, pauses).catch((why: unknown) => {
        gateway.log.warn('task_not_put_back', { why: String(why) });
      });
      return false;
    }
  };
  return async ({ Records }, context) => {
    // One limit for the whole batch, so that ten tasks together post no more than a small function can handle in time.
    const run = { ...withDeadline(gateway, context), deliveryLimit: new DeliveryLimit() };
    const isDone = await Promise.all(Records.map((record) => done(run, record)));
    const left = Records.filter((_, at) => isDone[at] === false);
    return { batchItemFailures: left.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}
