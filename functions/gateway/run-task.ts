import { flush } from './deliver/flush.ts';
import { runDeliveries } from './deliver/run-deliveries.ts';
import type { Gateway } from './gateway.ts';
import type { Task } from './ports.ts';
import { closed } from './relay/closed.ts';

/** Runs a queued task. */
export function runTask(gateway: Gateway, task: Task): Promise<void> {
  switch (task.kind) {
    case 'flush':
      return flush(gateway, task.socket);
    case 'closed':
      return closed(gateway, task.socket);
    case 'deliveries':
      return runDeliveries(gateway, task);
  }
}
