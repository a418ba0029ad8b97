import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { markEnded } from './end-socket.ts';

/**
 * A handshake has failed, but the app may have accepted it: a closed hook is owed, with 1006 unless the socket has
 * ended before with another code.
 */
export async function abandonHandshake(gateway: Gateway, socket: SocketId): Promise<void> {
  await markEnded(gateway, socket, closeCodes.abnormal);
  await gateway.tasks.enqueue({ kind: 'closed', socket });
}
