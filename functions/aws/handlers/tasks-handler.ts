import { runTask } from '../../gateway/run-task.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/** The handler of the queue of tasks. */
export function tasksHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  return queueHandler(gateway, 'tasks', runTask);
}
