import { WorkIsBusy } from '../../gateway/broadcast/work-is-busy.ts';
import { DeliveryLimit } from '../../gateway/delivery-limit.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Task } from '../../gateway/tasks.ts';
import type { LambdaContext, QueueEvent, QueueRecord, QueueResult } from '../events.ts';
import type { AwsGateway } from '../gateway.ts';
import type { QueueName } from '../queue/sqs-task-queue.ts';
import { parseTask } from '../queue/task-message.ts';
import { withDeadline } from './with-deadline.ts';

/**
 * How often each queue hands a message out before it is dead, as the stack has it. A receive counts even if Lambda then
 * throttles the run, so that nothing is tried. A task or a batch has few: the sweep finishes what a flush or a closed hook
 * owes, and what posts to clients must not do so again and again, hours later. A retry comes again three minutes later,
 * and outlasts six hours of throttling, which is as long as an app may be away. A task of presence comes again after six
 * minutes, and outlasts a day: nobody else looks at a user who has left, and to look once more does no harm. One that
 * kills its workers takes one for a sixth of that time. Dead retries have no other place, and come again until SQS deletes
 * them after 14 days.
 */
export const maxReceives: Readonly<Record<QueueName, number>> = {
  tasks: 5,
  presence: 240,
  batches: 5,
  retries: 120,
  deadRetries: Number.POSITIVE_INFINITY,
};

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

/** Handles a batch of messages of a queue. */
type QueueHandler = (event: QueueEvent, context: LambdaContext) => Promise<QueueResult>;

/**
 * The handler of a queue of tasks. It runs those of a batch of messages, and puts back those that failed. A retry that
 * is done is removed before others of its batch are, which may take as long as a hook: if the run is killed meanwhile,
 * it would come again, beside the message that follows it. So is any other task that comes again: one beside it may kill
 * its worker each time.
 */
export function queueHandler(
  gateway: AwsGateway,
  queue: QueueName,
  work: (gateway: Gateway, task: Task) => Promise<void>,
): QueueHandler {
  return textHandler(gateway, queue, (run, text) => work(run, parseTask(text)));
}

/** The same for messages that need not be tasks: `work` gets the text of each. */
export function textHandler(
  gateway: AwsGateway,
  queue: QueueName,
  work: (gateway: Gateway, text: string) => Promise<void>,
): QueueHandler {
  const done = async (run: Gateway, record: QueueRecord): Promise<boolean> => {
    try {
      const isLastAttempt = receivesOf(record) >= maxReceives[queue];
      await work({ ...run, isLastAttempt }, record.body);
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
  /** Best effort: otherwise Lambda removes it when the whole batch is done. */
  const remove = async (record: QueueRecord): Promise<void> => {
    await gateway.tasks.remove(record, queue).catch((why: unknown) => {
      gateway.log.warn('task_not_removed', { why: String(why) });
    });
  };
  return async ({ Records }, context) => {
    // One limit for the whole batch, so that ten tasks together post no more than a small function can handle in time.
    const run = { ...withDeadline(gateway, context), deliveryLimit: new DeliveryLimit() };
    let inProgress = Records.length;
    const isDone = await Promise.all(
      Records.map(async (record) => {
        const isDone = await done(run, record);
        inProgress -= 1;
        const isRemoved = queue === 'retries' || receivesOf(record) > 1;
        if (isDone && isRemoved && inProgress > 0) await remove(record);
        return isDone;
      }),
    );
    const left = Records.filter((_, at) => isDone[at] === false);
    return { batchItemFailures: left.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

function receivesOf({ attributes }: QueueRecord): number {
  return Number(attributes?.ApproximateReceiveCount ?? 1);
}
