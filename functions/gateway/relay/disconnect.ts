import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { postClosedHook } from './closed.ts';

/**
 * A connection has ended. Nobody waits for this call, so the closed hook is posted at once,
 * under the lease that is taken in the same write that marks the record. If the socket had ended before, nothing happens.
 */
export async function disconnect(
  gateway: Gateway,
  socket: SocketId,
  { code, reason }: { readonly code: number; readonly reason: string },
): Promise<void> {
  const { registry, tasks, clock, policy } = gateway;
  const record = await registry.markClosing(socket, { code, reason, time: clock.now() }, policy.leaseMs);
  // While the app is still being asked, the handshake itself sees to it once the app has decided.
  if (record === undefined || record.acceptedAt === 0) return;
  if (record.leaseUntil === 0) return tasks.enqueue({ kind: 'closed', socket });
  await postClosedHook(gateway, record);
}
