import { type Hook, type HookEvent, hookId } from '../../wire/hook.ts';
import type { LogFields } from '../ports.ts';
import type { SocketRecord } from '../record.ts';

/** What each line about a hook says: its id, and whom it is about. Never a query, a body or a state. */
export function hookFacts({
  id,
  event,
  socket,
  path,
  user,
}: Pick<Hook, 'id' | 'event' | 'socket' | 'path' | 'user'>): LogFields {
  return { request: id, hook: event, socket, path, user: user === '' ? undefined : user };
}

/** The same where only the record of its socket is at hand: a handshake or a closed hook. */
export function recordFacts(
  { socket, path, user }: SocketRecord,
  event: Extract<HookEvent, 'handshake' | 'closed'>,
): LogFields {
  return hookFacts({ id: hookId(event, socket), event, socket, path, user });
}
