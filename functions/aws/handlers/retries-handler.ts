import { retry } from '../../gateway/relay/retry.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/** The handler of the queue of retries. It knows no other tasks, so that its bundle is small. */
export function retriesHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  return queueHandler(gateway, 'retries', async (run, task) => {
    if (task.kind !== 'retry') throw new Error(`A task of ${task.kind} is in the queue of retries.`);
    await retry(run, task);
  });
}
