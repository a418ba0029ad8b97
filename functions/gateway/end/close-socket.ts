import { type CloseCode, closeCodes } from '../../wire/close-codes.ts';
import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { closeConnection } from './close-connection.ts';
import { endSocket } from './end-socket.ts';

/**
 * Closes a socket, on the app's behalf with 1000, or for a reason of the gateway's own; its closed hook follows. `gone`
 * if there was none to close.
 */
export async function closeSocket(
  gateway: Gateway,
  socket: SocketId,
  how: CloseCode = closeCodes.normal,
): Promise<'closed' | 'gone'> {
  const ended = await endSocket(gateway, socket, how);
  await closeConnection(gateway, socket, hookId('closed', socket), how);
  return ended ? 'closed' : 'gone';
}
