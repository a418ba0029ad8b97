import { hookId } from '../../wire/hook.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';

/**
 * Removes the record of a socket whose closed hook is done. Where messages may be handled after that, what they need is
 * kept first.
 */
export async function removeRecord(
  { registry, endedSockets }: Pick<Gateway, 'registry' | 'endedSockets'>,
  record: SocketRecord,
): Promise<void> {
  if (endedSockets !== undefined && record.acceptedAt > 0) await endedSockets.keep(record);
  await registry.remove(record.socket);
}

/**
 * The record of a socket that ended after it had sent a message, where messages may be handled that late. Undefined if
 * there is none, and then the message is lost, and logged.
 */
export async function endedRecord(
  { endedSockets, log }: Pick<Gateway, 'endedSockets' | 'log'>,
  { socket, id }: { readonly socket: SocketId; readonly id: string },
): Promise<SocketRecord | undefined> {
  if (endedSockets === undefined) return undefined;
  const record = await endedSockets.get(socket);
  if (record !== undefined) return record;
  const why = 'nothing is known of its socket any more';
  log.error('hook_lost', { request: hookId('message', id), hook: 'message', why });
  return undefined;
}
