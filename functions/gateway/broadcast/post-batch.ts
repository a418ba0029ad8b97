import type { BroadcastId } from '../../wire/broadcast-id.ts';
import type { StoredBroadcast } from '../broadcasts.ts';
import { Dispatcher, type Message } from '../deliver/dispatcher.ts';
import type { Gateway } from '../gateway.ts';
import type { BatchTask } from '../tasks.ts';
import { Pace } from './pace.ts';
import { persistently } from './persistently.ts';
import { WorkIsBusy } from './work-is-busy.ts';

/** How often a worker asks whether the broadcast was cancelled, in posts. */
const cancelEvery = 500;

/** The share that a worker has of the rate of all. */
export function paceOf({ clock, settings, policy }: Gateway): Pace {
  return new Pace(clock, settings.maxPostsPerSecond / policy.broadcastWorkers);
}

/**
 * Posts a batch of a broadcast. A worker that meets the live claim of another one leaves the batch to it, and the task
 * comes again. What can't be posted before the run is over is queued as another part of the batch. A batch whose worker
 * died is posted again, so that its sockets get the message at least once. A process that posts one batch after another
 * keeps its pace.
 */
export async function postBatch(
  gateway: Gateway,
  task: BatchTask,
  pace: Pace = paceOf(gateway),
): Promise<void> {
  const { broadcasts, policy, tasks, isLastAttempt: isLast } = gateway;
  const broadcast = await broadcasts.get(task.broadcast);
  if (broadcast === undefined) return;
  const origin = { after: task.after, isLast };
  const claimed = await broadcasts.claimBatch(task, task.part, policy.leaseMs, origin);
  if (claimed.kind === 'over') return;
  if (claimed.kind === 'busy') throw new WorkIsBusy('batch');
  const { claim } = claimed;
  const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };
  pace.begin();
  const left = await post(gateway, broadcast, task.sockets, { counts, pace });
  // If one of these calls fails, all that is posted is posted again.
  const store = (isDone: boolean) =>
    persistently(gateway, () => broadcasts.posted(task, claim, counts, isDone));
  // What was cancelled is never claimed again, and never done.
  if (left === 'cancelled') return store(false);
  // The rest is queued before the claim is given up: it waits until then, and nothing is lost in between.
  const rest = { ...task, part: task.part + 1, after: claim.id, sockets: left };
  if (left.length > 0) await persistently(gateway, () => tasks.enqueueBatches([rest], restMs));
  await store(left.length === 0);
}

/** How long after its start a broadcast is given up for sockets that can't be posted to, in milliseconds. */
const giveUpMs = 3_600_000;

/** The pause before the rest of a batch, in milliseconds. */
const restMs = 2_000;

type Counts = { delivered: number; queued: number; gone: number; failed: number };

/** Posts to sockets, and counts their outcomes. Returns those that are left when the run is over. */
async function post(
  gateway: Gateway,
  { id, body, startedAt }: StoredBroadcast,
  sockets: BatchTask['sockets'],
  { counts, pace }: { readonly counts: Counts; readonly pace: Pace },
): Promise<BatchTask['sockets'] | 'cancelled'> {
  const message: Message = {
    body,
    settle: (outcome) => {
      counts[outcome === 'delivered' || outcome === 'queued' || outcome === 'gone' ? outcome : 'failed']++;
    },
  };
  const dispatcher = new Dispatcher(gateway, pace);
  let begun = 0;
  for (const recipient of sockets) {
    // The claim has just asked too.
    if (begun > 0 && begun % cancelEvery === 0 && (await isCancelled(gateway, id))) {
      await dispatcher.settled();
      return 'cancelled';
    }
    const wait = pace.next();
    if (wait !== undefined) await wait;
    if (dispatcher.isOver) break;
    begun += 1;
    const known = recipient.status === 'open' ? recipient : undefined;
    const room = dispatcher.begin(message, recipient.socket, known);
    if (room !== undefined) await room;
  }
  await dispatcher.settled();
  await dispatcher.retry(gateway.policy.batchRetryMs);
  if (gateway.clock.now() - startedAt >= giveUpMs) dispatcher.giveUp();
  const aside = new Set(dispatcher.left([message]).flatMap(([, each]) => each));
  if (aside.size === 0) return sockets.slice(begun);
  return [...sockets.slice(begun), ...sockets.slice(0, begun).filter(({ socket }) => aside.has(socket))];
}

/** A fault is no reason to stop: what is posted so far would be posted again. */
async function isCancelled({ broadcasts }: Gateway, id: BroadcastId): Promise<boolean> {
  return broadcasts.isCancelled(id).catch(() => false);
}
