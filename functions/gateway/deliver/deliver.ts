import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import type { Soon } from '../soon.ts';
import type { Outcome } from './outcome.ts';
import { post } from './post.ts';

/**
 * Brings one message to one socket: into the outbox while the client is still opening, so that nothing overtakes
 * what waits there, and to its connection once it is open. `known` saves reading a record that is at hand. A fault
 * of the world is an outcome too, so that every socket of a send has one.
 */
export function deliver(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known?: SocketRecord,
): Soon<Outcome> {
  try {
    const outcome =
      known?.status === 'open' ? post(gateway, known, body) : find(gateway, socket, body, known);
    return outcome instanceof Promise
      ? outcome.catch((error: unknown) => faulty(gateway, socket, error))
      : outcome;
  } catch (error) {
    return faulty(gateway, socket, error);
  }
}

function faulty({ log }: Gateway, socket: SocketId, error: unknown): Outcome {
  log.error('delivery_fault', { socket, why: String(error) });
  return 'post_failed';
}

async function find(
  gateway: Gateway,
  socket: SocketId,
  body: string,
  known: SocketRecord | undefined,
): Promise<Outcome> {
  return bring(gateway, socket, body, known ?? (await gateway.registry.get(socket)));
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
