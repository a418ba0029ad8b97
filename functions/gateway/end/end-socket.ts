import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';

/** How a socket ended: the code and reason of its closed hook. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/**
 * Marks the record of a socket as ended. Returns the record to exactly one caller, which then owes the closed hook.
 * With `leaseMs` it holds the lease too, unless the app is still deciding.
 */
export function markEnded(
  { registry, clock }: Gateway,
  socket: SocketId,
  { code, reason }: Ending,
  leaseMs?: number,
): Promise<SocketRecord | undefined> {
  return registry.markEnded(socket, { code, reason, time: clock.now() }, leaseMs);
}

/**
 * Ends a socket: marks its record and queues its closed hook. Waits for no hook. Returns whether this call ended it.
 */
export async function endSocket(gateway: Gateway, socket: SocketId, ending: Ending): Promise<boolean> {
  const record = await markEnded(gateway, socket, ending);
  if (record === undefined) return false;
  // While the app is still deciding, the handshake queues the closed hook once it knows the decision.
  if (record.acceptedAt > 0) await gateway.tasks.enqueue({ kind: 'closed', socket });
  return true;
}
