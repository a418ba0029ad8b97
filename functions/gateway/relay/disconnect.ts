import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';

/**
 * A socket has ended, or is to: marks its record, which decides who owes the closed hook, and queues that hook.
 * Waits for no hook. Whether this call was the one that ended it.
 */
export async function disconnect(
  { registry, later, clock }: Gateway,
  socket: SocketId,
  { code, reason }: { readonly code: number; readonly reason: string },
): Promise<boolean> {
  const ended = await registry.close(socket, { code, reason, time: clock.now() });
  if (ended) await later.queue({ kind: 'closed', socket });
  return ended;
}
