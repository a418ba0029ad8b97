import type { Task } from '../../functions/gateway/tasks.ts';
import { BroadcastQueue } from '../../functions/local/broadcast-queue.ts';
import { LocalTasks } from '../../functions/local/local-tasks.ts';
import { PresenceQueue } from '../../functions/local/presence-queue.ts';
import { SocketQueues } from '../../functions/local/socket-queues.ts';
import type { RecordingLog } from '../support/recording-log.ts';

/** The tasks of a local gateway without its store: a hook that is retried is run at once. */
export function localTasks(run: (task: Task) => Promise<void>, log: RecordingLog): LocalTasks {
  const sockets = new SocketQueues(run, log);
  return localTasksOf(sockets, run, log);
}

/** The same with these queues of sockets. */
export function localTasksOf(
  sockets: SocketQueues,
  run: (task: Task) => Promise<void>,
  log: RecordingLog,
): LocalTasks {
  const retry = async (task: Task): Promise<'kept'> => {
    await run(task);
    return 'kept';
  };
  const queues = {
    sockets,
    broadcasts: new BroadcastQueue(run, log),
    retries: { retry },
    presences: new PresenceQueue(run, log),
  };
  return new LocalTasks(queues, run, log);
}
