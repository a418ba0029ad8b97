import { type BroadcastId, broadcastIdOf } from '../../wire/broadcast-id.ts';
import type { Broadcast } from '../../wire/deliveries.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Hands a broadcast over to workers, which post it in batches. `source` is the id of the call or the action that asked
 * for it. The same source hands over one broadcast, however often it asks. `full`: too many broadcasts are running.
 */
export async function handOver(
  gateway: Gateway,
  source: string,
  asked: Broadcast,
): Promise<BroadcastId | 'full'> {
  const { registry, broadcasts, tasks, clock } = gateway;
  const id = broadcastIdOf(source);
  const segments = registry.segmentsOf(asked);
  const { body, except, path, user, group } = asked;
  const startedAt = clock.now();
  const broadcast = { id, body, except, path, user, group, segments, startedAt };
  if ((await broadcasts.create(broadcast)) === 'full') return 'full';
  // Also if the broadcast was there before: its caller may have died before it queued all segments.
  for (let segment = 0; segment < segments; segment++)
    await tasks.enqueue({ kind: 'segment', broadcast: id, segment });
  return id;
}
