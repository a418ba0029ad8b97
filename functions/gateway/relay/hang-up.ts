import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { tellClosed } from './closed.ts';

/**
 * A connection has ended, says whoever held it, and nobody waits for this call: the closed hook is posted at once,
 * under the lease that is taken in the same write that marks the record. If it was told before, nothing happens.
 */
export async function hangUp(
  gateway: Gateway,
  socket: SocketId,
  { code, reason }: { readonly code: number; readonly reason: string },
): Promise<void> {
  const { registry, later, clock, settings } = gateway;
  const record = await registry.close(socket, { code, reason, time: clock.now() }, settings.leaseMs);
  // While the app is still being asked, the handshake itself sees to it once the app has decided.
  if (record === undefined || record.acceptedAt === 0) return;
  if (record.leaseUntil === 0) return later.queue({ kind: 'closed', socket });
  await tellClosed(gateway, record);
}
