import { runTask } from '../../functions/gateway/run-task.ts';
import type { Task } from '../../functions/gateway/tasks.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { FakeWorld } from './fake-gateway.ts';

/**
 * Runs the queued tasks. The queue hands out each one `copies` times at the same time, and a copy that fails again when
 * the claims of all others have ended, as SQS does. `between` runs before each task.
 */
export async function runBroadcasts(
  { gateway, tasks, clock }: FakeWorld,
  copies = 1,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  for (;;) {
    tasks.ripen();
    const task = tasks.queued.shift();
    if (task === undefined) return;
    await between();
    const runs = Array.from({ length: copies }, () => runTask(gateway, task));
    const ends = await clock.until(Promise.allSettled(runs));
    for (const { status } of ends) if (status === 'rejected') tasks.queued.push(task);
    if (ends.every(({ status }) => status === 'rejected')) await clock.advance(gateway.policy.leaseMs);
  }
}

/** How often each socket got a message. */
export function arrivals({ connections }: FakeWorld): Map<SocketId, number> {
  const counts = new Map<SocketId, number>();
  for (const { socket } of connections.arrived) counts.set(socket, (counts.get(socket) ?? 0) + 1);
  return counts;
}

/** The kinds of the queued tasks. */
export function kindsOf(tasks: readonly Task[]): string[] {
  return tasks.map(({ kind }) => kind);
}
