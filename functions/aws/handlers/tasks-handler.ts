import { runTask } from '../../gateway/run-task.ts';
import type { AwsGateway } from '../gateway.ts';
import { queueHandler } from './queue-handler.ts';

/**
 * The handler of the queues of tasks and of presence. They differ in how often they hand a task out. One of presence that
 * an earlier version left in the queue of tasks is run from there.
 */
export function tasksHandler(gateway: AwsGateway): ReturnType<typeof queueHandler> {
  const tasks = queueHandler(gateway, 'tasks', runTask);
  const presence = queueHandler(gateway, 'presence', runTask);
  return (event, context) => (gateway.tasks.isOfPresence(event) ? presence : tasks)(event, context);
}
