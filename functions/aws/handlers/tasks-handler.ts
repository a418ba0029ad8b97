import { Width } from '../../gateway/deliver/width.ts';
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
    // One for the whole batch: ten tasks at once are to ask for no more than a small function can have answered in time.
    const run = { ...withDeadline(gateway, context), width: new Width() };
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
