import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { Outcome } from './outcome.ts';
import { post } from './post.ts';

/**
 * Brings one message to one socket: into the outbox while the client is still opening, so that nothing overtakes
 * what waits there, and to its connection once it is open. `known` saves reading a record that is at hand. A fault
 * of the world is an outcome too, so that every socket of a send has one.
 */
export async function deliver(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known?: SocketRecord,
): Promise<Outcome> {
  try {
    const record = known ?? (await gateway.registry.get(socket));
    return await (record?.status === 'open'
      ? post(gateway, record, body)
      : bring(gateway, socket, body, record));
  } catch (error) {
    gateway.log.error('delivery_fault', { socket, why: String(error) });
    return 'post_failed';
  }
}

async function bring(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  record: SocketRecord | undefined,
): Promise<Outcome> {
  switch (record?.status) {
    case undefined:
    case 'closing':
      return 'gone';
    case 'open':
      return post(gateway, record, body);
    case 'opening':
    case 'accepted': {
      const appended = await gateway.registry.append(socket, body);
      if (appended === 'open') return bring(gateway, socket, body, await gateway.registry.get(socket));
      return appended === 'full' ? 'outbox_full' : appended;
    }
  }
}
