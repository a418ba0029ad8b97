import { DeliveryLimit } from '../../gateway/delivery-limit.ts';
import { runTask } from '../../gateway/run-task.ts';
import type { LambdaContext, QueueEvent, QueueRecord, QueueResult } from '../events.ts';
import type { AwsGateway } from '../gateway.ts';
import { parseTask } from '../queue/task-message.ts';
import { withDeadline } from './with-deadline.ts';

/** The handler of the queue. It runs the tasks of a batch, and puts back those that failed. */
export function tasksHandler(
  gateway: AwsGateway,
): (event: QueueEvent, context: LambdaContext) => Promise<QueueResult> {
  return async ({ Records }, context) => {
    // One limit for the whole batch, so that ten tasks together post no more than a small function can handle in time.
    const run = { ...withDeadline(gateway, context), deliveryLimit: new DeliveryLimit() };
    const failed = await Promise.all(
      Records.map(async (record) => {
        try {
          await runTask(run, parseTask(record.body));
          return [];
        } catch (error) {
          gateway.log.error('fault', { why: String(error) });
          await putBack(gateway, record);
          return [{ itemIdentifier: record.messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  };
}

/** Best effort: otherwise the task comes again when its visibility timeout ends. */
async function putBack({ tasks, log }: AwsGateway, record: QueueRecord): Promise<void> {
  try {
    await tasks.putBack(record);
  } catch (error) {
    log.warn('task_not_put_back', { why: String(error) });
  }
}
