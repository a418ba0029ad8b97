import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { act } from './act.ts';
import { messageHook } from './hooks.ts';
import { insist } from './insist.ts';

/** A text message that a client sent. */
export interface Arrival {
  readonly socket: SocketId;
  /** The message's own id, unique in this gateway. */
  readonly id: string;
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
}

/**
 * A client sends a message: the app gets it, and what its answer asks for is done. A message of a socket that had
 * ended when it came posts no hook, and its connection is ended.
 */
export async function message(gateway: Gateway, arrival: Arrival): Promise<void> {
  const record = await gateway.registry.get(arrival.socket);
  if (record === undefined || hadEnded(record, arrival.time)) return gateway.connections.end(arrival.socket);
  if (!gateway.settings.hooks.has('message')) return;
  const hook = messageHook(record, arrival);
  const answer = await insist(gateway, hook);
  if (answer.kind === 'accepted') await act(gateway, hook, answer.actions, record);
}

/** What came before the end is still told, in any order that the world keeps. */
function hadEnded({ end }: SocketRecord, time: number): boolean {
  return end !== undefined && end.time < time;
}
