import { postBatch } from '../../gateway/broadcast/post-batch.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/** The handler of the queue of batches. It posts one batch of a broadcast at a time. */
export function batchesHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  return queueHandler(gateway, 'batches', async (run, task) => {
    if (task.kind !== 'batch') throw new Error(`A task of ${task.kind} is in the queue of batches.`);
    await postBatch(run, task);
  });
}
