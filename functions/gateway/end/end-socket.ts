import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';

/**
 * A socket has ended, or is to: marks its record, which decides who owes the closed hook, and queues that hook.
 * Waits for no hook. Whether this call was the one that ended it.
 */
export async function endSocket(
  { registry, tasks, clock }: Gateway,
  socket: SocketId,
  { code, reason }: { readonly code: number; readonly reason: string },
): Promise<boolean> {
  const record = await registry.markClosing(socket, { code, reason, time: clock.now() });
  if (record === undefined) return false;
  // While the app is still being asked, the handshake itself sees to it once the app has decided.
  if (record.acceptedAt > 0) await tasks.enqueue({ kind: 'closed', socket });
  return true;
}
