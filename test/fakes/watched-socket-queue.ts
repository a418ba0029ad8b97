import { SocketQueue } from '../../functions/local/socket-queue.ts';
import { newSocket } from './a-record.ts';

/** A queue, and a record of its events. `kept` is called for each message that it gives away to be kept. */
export function watchedSocketQueue(kept: (queue: SocketQueue) => void = () => {}): {
  queue: SocketQueue;
  told: string[];
  weight: () => number;
} {
  const told: string[] = [];
  let weight = 0;
  const queue = new SocketQueue(newSocket(), {
    settled: () => void told.push('idle'),
    failed: (_, error) => void told.push(`fault: ${error}`),
    weightChanged: (bytes) => {
      weight += bytes;
    },
    isUnderPressure: false,
    hasRoom: () => true,
    park: () => {},
    runningChanged: () => {},
    keep: (queue, { body }) => {
      told.push(`kept: ${body}`);
      kept(queue);
    },
    keepRelayed: (_, { body }) => void told.push(`kept: ${body}`),
    keptRelayed: async () => {},
  });
  return { queue, told, weight: () => weight };
}
