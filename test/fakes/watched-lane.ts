import { Lane } from '../../infra/local/lane.ts';
import { newSocket } from './a-record.ts';

/** A lane, and what was done in it or told of it. */
export function watchedLane(): { lane: Lane; told: string[]; weight: () => number } {
  const told: string[] = [];
  let weight = 0;
  const lane = new Lane(newSocket(), {
    settled: () => void told.push('idle'),
    fault: (_, fault) => void told.push(`fault: ${fault}`),
    weighed: (bytes) => {
      weight += bytes;
    },
    isPressed: false,
    hasRoom: () => true,
    park: () => {},
    ran: () => {},
  });
  return { lane, told, weight: () => weight };
}
