import { PacedKeeper } from '../../functions/local/paced-keeper.ts';
import { SocketQueue } from '../../functions/local/socket-queue.ts';
import { newSocket } from './a-record.ts';

/**
 * A queue, and a record of its events. `kept` is called for each message that it gives away to be kept. Without a
 * keeper all of them are taken at once.
 */
export function watchedSocketQueue(kept: PacedKeeper | ((queue: SocketQueue) => void) = () => {}): {
  queue: SocketQueue;
  told: string[];
  weight: () => number;
} {
  const told: string[] = [];
  let weight = 0;
  const queue = new SocketQueue(newSocket(), {
    newId: () => 'one',
    settled: () => void told.push('idle'),
    failed: (_, error) => void told.push(`fault: ${error}`),
    weightChanged: (bytes) => {
      weight += bytes;
    },
    shedWeightChanged: () => {},
    pressure: 'none',
    hasRoom: () => true,
    park: () => {},
    runningChanged: () => {},
    drain: (queue) => (kept instanceof PacedKeeper ? kept.drain(queue) : queue.keepAtOnce()),
    keep: (queue, message) => {
      told.push(`kept: ${message.body}`);
      if (kept instanceof PacedKeeper) kept.append(queue, message);
      else kept(queue);
    },
    keepRelayed: (_, { body }) => void told.push(`kept: ${body}`),
    keptRelayed: async () => {},
  });
  return { queue, told, weight: () => weight };
}
