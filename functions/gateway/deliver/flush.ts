import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { post } from './post.ts';

/**
 * Posts what waited for a client while it was opening, in order, until nothing was added meanwhile; then the
 * socket is open. One flusher at a time, under a lease. A flusher that dies has posted what was not taken off yet, so
 * that may come twice.
 */
export async function flush(gateway: Gateway, socket: SocketId): Promise<void> {
  const { registry, later, log, settings } = gateway;
  const record = await registry.lease(socket, 'accepted', settings.leaseMs);
  if (record === undefined) {
    // A queue may be faster than whoever accepts the handshake, and a flusher that died leaves a lease.
    const status = (await registry.get(socket))?.status;
    const isOwed = status === 'opening' || status === 'accepted';
    if (isOwed) await later.queue({ kind: 'flush', socket }, settings.tooEarlyMs);
    return;
  }
  for (let left = 'more'; left === 'more'; ) {
    const waiting = await registry.waiting(socket);
    for (const [posted, body] of waiting.entries()) {
      const outcome = await post(gateway, record, body).catch((error: unknown) => {
        log.error('delivery_fault', { socket, why: String(error) });
        return 'throttled' as const;
      });
      if (outcome === 'gone') return;
      if (outcome === 'throttled') return comeAgain(gateway, socket, posted);
      if (outcome !== 'delivered')
        log.warn('flush_failed', { request: `handshake_${socket}`, code: outcome });
    }
    left = await registry.flushed(socket, waiting.length);
  }
}

/**
 * Too many posts for now, too little time or a fault: what was posted is taken off, and the rest keeps its order by
 * waiting for another run.
 */
async function comeAgain(
  { registry, later, settings }: Gateway,
  socket: SocketId,
  posted: number,
): Promise<void> {
  await registry.flushed(socket, posted);
  await registry.postpone(socket, 'accepted', 0);
  await later.queue({ kind: 'flush', socket }, settings.tooEarlyMs);
}
