import { closeCodes } from '../../wire/close-codes.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import { disconnect } from '../relay/disconnect.ts';
import { endConnection } from '../relay/end-connection.ts';

/** Closes a socket on the app's behalf, with 1000; its closed hook follows. `gone` if there was none to close. */
export async function close(gateway: Gateway, socket: SocketId): Promise<'closed' | 'gone'> {
  const ended = await disconnect(gateway, socket, closeCodes.normal);
  await endConnection(gateway, socket, `closed_${socket}`);
  return ended ? 'closed' : 'gone';
}
