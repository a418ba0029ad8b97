import type { CloseCode } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Closes a connection if it still exists, best effort, with 1000 or as it is told. A fault is logged under `request`
 * and fails nothing, since API Gateway cuts a connection that can't be closed now at 2 hours.
 */
export async function closeConnection(
  { connections, log }: Pick<Gateway, 'connections' | 'log'>,
  socket: SocketId,
  request: string,
  how?: CloseCode,
): Promise<void> {
  try {
    await connections.close(socket, how);
  } catch (error) {
    log.warn('close_failed', { request, why: String(error) });
  }
}
