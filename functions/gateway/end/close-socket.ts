import { closeCodes } from '../../wire/close-codes.ts';
import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { closeConnection } from './close-connection.ts';
import { endSocket } from './end-socket.ts';

/** Closes a socket on the app's behalf, with 1000; its closed hook follows. `gone` if there was none to close. */
export async function closeSocket(gateway: Gateway, socket: SocketId): Promise<'closed' | 'gone'> {
  const ended = await endSocket(gateway, socket, closeCodes.normal);
  await closeConnection(gateway, socket, hookId('closed', socket));
  return ended ? 'closed' : 'gone';
}
