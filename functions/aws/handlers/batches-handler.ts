import type { Pace } from '../../gateway/broadcast/pace.ts';
import { paceOf, postBatch } from '../../gateway/broadcast/post-batch.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/**
 * The handler of the queue of batches. It posts one batch of a broadcast at a time, and the next one at the same pace.
 * Lambda begins one run of a process at a time. Where several are in progress, each has a pace of its own.
 */
export function batchesHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  const idle: Pace[] = [];
  return queueHandler(gateway, 'batches', async (run, task) => {
    if (task.kind !== 'batch') throw new Error(`A task of ${task.kind} is in the queue of batches.`);
    const pace = idle.pop() ?? paceOf(gateway);
    try {
      await postBatch(run, task, pace);
    } finally {
      idle.push(pace);
    }
  });
}
