import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { post } from './post.ts';

/**
 * Posts what waited for a client while it was opening, in order, until nothing was added meanwhile; then the
 * socket is open. One flusher at a time, under a lease.
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
    for (const body of waiting) {
      const outcome = await post(gateway, record, body);
      if (outcome === 'gone') return;
      if (outcome !== 'delivered')
        log.warn('flush_failed', { request: `handshake_${socket}`, code: outcome });
    }
    left = await registry.flushed(socket, waiting.length);
  }
}
