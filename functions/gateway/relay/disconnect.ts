import type { SocketId } from '../../wire/socket-id.ts';
import { type Ending, markEnded } from '../end/end-socket.ts';
import type { Gateway } from '../gateway.ts';
import { tellPresenceOfEnded } from '../presence-changes.ts';
import { postClosedHook } from './closed.ts';

/**
 * A connection has ended. Nobody waits for this call, so it posts the closed hook at once, under the lease that it takes
 * in the same write that marks the record. If the socket had ended before, nothing happens.
 */
export async function disconnect(gateway: Gateway, socket: SocketId, ending: Ending): Promise<void> {
  const record = await markEnded(gateway, socket, ending, gateway.policy.leaseMs);
  // While the app is still deciding, the handshake queues the closed hook once it knows the decision.
  if (record === undefined || record.acceptedAt === 0) return;
  if (record.leaseUntil === 0) return gateway.tasks.enqueue({ kind: 'closed', socket });
  await postClosedHook(gateway, record);
}

/**
 * The same for a socket whose hooks come in order. Its record is marked at once, so that no send finds it any more. The
 * caller runs what it gets back when the hooks of all messages are done: that posts the closed hook, under a lease that
 * begins only then, since the wait has no bound.
 */
export function disconnectInOrder(gateway: Gateway, socket: SocketId, ending: Ending): () => Promise<void> {
  const marked = markEnded(gateway, socket, ending).then(async (record) => {
    // Its other hooks may take long, also where the app or the gateway itself has ended it.
    const ended = record ?? (await gateway.registry.get(socket));
    if (ended !== undefined) await tellPresenceOfEnded(gateway, ended);
    return record;
  });
  // The run that posts meets the fault; until then it must not count as unhandled.
  marked.catch(() => undefined);
  return async () => {
    const ended = await marked;
    if (ended === undefined || ended.acceptedAt === 0) return;
    const record = await gateway.registry.lease(socket, 'closing', gateway.policy.leaseMs);
    if (record !== undefined) await postClosedHook(gateway, record);
  };
}
