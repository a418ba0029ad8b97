import { backoff } from '../../wire/backoff.ts';
import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway, Policy } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { Outcome } from './outcome.ts';
import { postToConnection } from './post-to-connection.ts';

/**
 * Posts the outbox of a socket, in order, until nothing is added meanwhile. Then the socket is open. One worker flushes
 * at a time, under a lease. Messages that a worker has posted but not removed when it dies may come twice.
 */
export async function flush(gateway: Gateway, socket: SocketId): Promise<void> {
  const { registry, log, policy } = gateway;
  const record = await registry.lease(socket, 'accepted', policy.leaseMs);
  if (record === undefined) return requeueIfOwed(gateway, socket);
  for (let left = 'more'; left === 'more'; ) {
    const waiting = await registry.waiting(socket);
    for (const [posted, body] of waiting.entries()) {
      const outcome = await tryPost(gateway, record, body);
      if (outcome === 'gone') return;
      if (outcome === 'throttled') return postponeFlush(gateway, record, posted);
      if (outcome !== 'delivered')
        log.warn('flush_failed', { request: hookId('handshake', socket), code: outcome });
    }
    left = await registry.flushed(socket, waiting.length);
  }
}

/** A fault may pass, as throttling does. */
async function tryPost(gateway: Gateway, record: SocketRecord, body: string): Promise<Outcome> {
  try {
    return await postToConnection(gateway, record, body);
  } catch (error) {
    gateway.log.error('delivery_fault', { socket: record.socket, why: String(error) });
    return 'throttled';
  }
}

/** The lease was not free. The task is done, unless no other worker would flush. */
async function requeueIfOwed({ registry, tasks, clock, policy }: Gateway, socket: SocketId): Promise<void> {
  const record = await registry.get(socket);
  if (record === undefined || !isOwed(record, clock.now(), policy)) return;
  await tasks.enqueue({ kind: 'flush', socket }, policy.flushRetryMs);
}

function isOwed({ status, leaseUntil }: SocketRecord, now: number, policy: Policy): boolean {
  const { flushRetryMs, sweepsFinishFlushes } = policy;
  switch (status) {
    case 'opening':
      // The queue may be faster than the write that accepts the handshake.
      return true;
    case 'accepted':
      // Another worker flushes, or comes when the pause is over, and a sweep comes if it dies. If both requeued
      // themselves, there would always be two. But a task may run a moment before its own pause ends.
      return leaseUntil - now <= flushRetryMs || !sweepsFinishFlushes;
    case 'open':
    case 'closing':
      return false;
  }
}

/**
 * Too many posts for now, too little time, or a fault. Removes what was posted, and the rest keeps its order by waiting
 * for another run. The pause is twice the one before, up to a lease. It is stored as a lease, so that other workers and
 * sweeps leave the record to that run.
 */
async function postponeFlush(
  { registry, tasks, policy }: Gateway,
  { socket, attempts }: SocketRecord,
  posted: number,
): Promise<void> {
  const pause = backoff(attempts, { first: policy.flushRetryMs, longest: policy.leaseMs });
  await registry.flushed(socket, posted);
  await registry.postpone(socket, 'accepted', pause);
  await tasks.enqueue({ kind: 'flush', socket }, pause);
}
