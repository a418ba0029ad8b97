import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Closes what is left of a connection, best effort: a fault is logged under `request` and is nobody's failure, since a
 * connection that can't be closed now is cut by API Gateway at 2 hours.
 */
export async function closeConnection(
  { connections, log }: Pick<Gateway, 'connections' | 'log'>,
  socket: SocketId,
  request: string,
): Promise<void> {
  try {
    await connections.close(socket);
  } catch (error) {
    log.warn('close_failed', { request, why: String(error) });
  }
}
