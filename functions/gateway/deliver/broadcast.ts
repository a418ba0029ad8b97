import type { Broadcast } from '../../wire/deliveries.ts';
import type { Gateway } from '../gateway.ts';
import { deliver } from './deliver.ts';
import { fanOut } from './fan-out.ts';

/** What came of a broadcast, in sockets. */
export interface BroadcastOutcome {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
}

/** How long the sockets that are left when a run is over are still counted, in milliseconds. */
const countedMs = 3_000;

/**
 * Sends a message to every socket, the sender's included, or to those of a path and a user, less those excepted. What
 * is left when the run is over counts as failed, as far as there is time to count.
 */
export async function broadcast(
  gateway: Gateway,
  { body, except, path, user }: Broadcast,
): Promise<BroadcastOutcome> {
  const { clock, log } = gateway;
  const spared = new Set(except);
  const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };
  for await (const page of gateway.registry.pages({ path, user })) {
    const targets = spared.size === 0 ? page : page.filter(({ socket }) => !spared.has(socket));
    const late = clock.monotonic() - gateway.deadline;
    if (late >= countedMs) {
      log.error('broadcast_unfinished', counts);
      break;
    }
    if (late >= 0) {
      counts.failed += targets.length;
      continue;
    }
    const outcomes = await fanOut(targets, (record) => deliver(gateway, record.socket, body, record));
    for (const outcome of outcomes) {
      counts[outcome === 'delivered' || outcome === 'queued' || outcome === 'gone' ? outcome : 'failed']++;
    }
  }
  return counts;
}
