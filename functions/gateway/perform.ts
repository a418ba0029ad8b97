import { flush } from './deliver/flush.ts';
import { spread } from './deliver/spread.ts';
import type { Gateway } from './gateway.ts';
import type { Task } from './ports.ts';
import { closed } from './relay/closed.ts';

/** Does work that was put off. */
export function perform(gateway: Gateway, task: Task): Promise<void> {
  switch (task.kind) {
    case 'flush':
      return flush(gateway, task.socket);
    case 'closed':
      return closed(gateway, task.socket);
    case 'deliver':
      return spread(gateway, task);
  }
}
