import { redrive } from '../../gateway/relay/redrive.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/** The handler of the queue of retries that no worker could finish. */
export function redriveHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  return queueHandler(gateway, 'deadRetries', async (run, task) => {
    if (task.kind !== 'retry') throw new Error(`A task of ${task.kind} is in the queue of dead retries.`);
    await redrive(run, task);
  });
}
