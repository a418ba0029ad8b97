import type { BatchTask } from '../../functions/gateway/tasks.ts';
import { type BroadcastId, broadcastIdOf } from '../../functions/wire/broadcast-id.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { Cloud, Opened } from './cloud.ts';

let count = 0;

/** A broadcast of one batch to these sockets, which was handed over and waits in its queue. */
export async function queuedBatch(
  cloud: Cloud,
  sockets: readonly Opened[],
  change: Partial<BatchTask> = {},
): Promise<{ readonly id: BroadcastId; readonly task: BatchTask }> {
  count += 1;
  const id = broadcastIdOf(`call ${count}`);
  const { broadcasts, tasks } = cloud.ports;
  await broadcasts.create({ id, body: `message ${count}`, except: [], segments: 1, startedAt: Date.now() });
  const claimed = await broadcasts.claimSegment(id, 0, 60_000);
  if (claimed.kind !== 'claimed') throw new Error('Somebody else has claimed the segment.');
  const batch = { broadcast: id, segment: 0, at: 0 };
  await broadcasts.cut(batch, 'end', sockets.length);
  const task: BatchTask = {
    ...{ kind: 'batch', ...batch, part: 0 },
    sockets: sockets.map(({ from }) => {
      return { socket: from as SocketId, status: 'open', acceptedAt: Date.now() - 60_000 };
    }),
    ...change,
  };
  await tasks.enqueueBatches([task]);
  const progress = { id: claimed.claim.id, batches: 1, from: 'end', isDone: true, isReleased: true };
  await broadcasts.queued(id, 0, progress);
  return { id, task };
}

/** A broadcast to the sockets of a user, which was handed over and whose only segment waits in the queue of tasks. */
export async function queuedSegment(cloud: Cloud, user: string): Promise<BroadcastId> {
  count += 1;
  const id = broadcastIdOf(`call ${count}`);
  const { broadcasts, tasks } = cloud.ports;
  const broadcast = { id, body: `message ${count}`, user, except: [], segments: 1, startedAt: Date.now() };
  await broadcasts.create(broadcast);
  await tasks.enqueue({ kind: 'segment', broadcast: id, segment: 0 });
  return id;
}

/** How far a broadcast is, as the HTTP API tells it. */
export async function progressOf(cloud: Cloud, id: BroadcastId): Promise<unknown> {
  return (await cloud.api.call('GET', `/broadcasts/${id}`)).json;
}
