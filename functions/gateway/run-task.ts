import { coordinate } from './broadcast/coordinate.ts';
import { postBatch } from './broadcast/post-batch.ts';
import { flush } from './deliver/flush.ts';
import { runDeliveries } from './deliver/run-deliveries.ts';
import type { Gateway } from './gateway.ts';
import { closed } from './relay/closed.ts';
import { presence } from './relay/presence.ts';
import { replay } from './relay/replay.ts';
import { retry } from './relay/retry.ts';
import type { Task } from './tasks.ts';

/** Runs a queued task. */
export function runTask(gateway: Gateway, task: Task): Promise<void> {
  switch (task.kind) {
    case 'flush':
      return flush(gateway, task.socket);
    case 'closed':
      return closed(gateway, task.socket);
    case 'segment':
      return coordinate(gateway, task);
    case 'batch':
      return postBatch(gateway, task);
    case 'presence':
      return presence(gateway, task);
    case 'retry':
      return retry(gateway, task);
    case 'replay':
      return replay(gateway, task);
    case 'deliveries':
      return runDeliveries(gateway, task);
  }
}
