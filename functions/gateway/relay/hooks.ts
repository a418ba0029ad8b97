import { createHash } from 'node:crypto';
import type { GroupName } from '../../wire/group.ts';
import { type Hook, type HookEvent, hookId } from '../../wire/hook.ts';
import { type PresenceKey, type Telling, userOf } from '../presences.ts';
import type { SocketEnd, SocketRecord } from '../record.ts';

/** The handshake hook of a socket that is opening, with the groups of its ticket. */
export function handshakeHook(
  record: SocketRecord,
  groups: readonly GroupName[],
  clientHeaders: Readonly<Record<string, string>>,
): Hook {
  return hookOf({ ...record, groups }, 'handshake', record.socket, record.openedAt, { clientHeaders });
}

/** The hook of a message that a client sent. `id` is the message's own. */
export function messageHook(record: SocketRecord, message: { id: string; body: string; time: number }): Hook {
  return hookOf(record, 'message', message.id, message.time, { body: message.body });
}

/** The hook that tells that a socket has ended, and how. */
export function closedHook(record: SocketRecord, { code, reason, time }: SocketEnd): Hook {
  return hookOf(record, 'closed', record.socket, time, { code: String(code), reason });
}

/** The hook that tells that a user has come to a group, or has left it. Its id is the same on every attempt. */
export function presenceHook(
  { group, subject }: PresenceKey,
  { event, socket, path, time }: Telling,
  sequence: number,
): Hook {
  const digest = createHash('sha256').update(`${group}\0${subject}`).digest('base64url').slice(0, 22);
  return {
    event,
    id: hookId(event, `${digest}-${sequence.toString(36)}`),
    socket,
    body: '',
    path,
    query: '',
    user: userOf(subject),
    state: '',
    origin: '',
    groups: [],
    code: '',
    reason: '',
    time,
    clientHeaders: noHeaders,
    presence: { group, sequence },
  };
}

/** A hook of a socket. Fields that an event does not use are empty. One literal: spreading costs more than signing. */
function hookOf(
  { socket, path, query, user, state, origin, groups }: SocketRecord,
  event: HookEvent,
  subject: string,
  time: number,
  { body = '', code = '', reason = '', clientHeaders = noHeaders }: Partial<Hook>,
): Hook {
  const id = hookId(event, subject);
  return {
    event,
    id,
    socket,
    body,
    path,
    query,
    user,
    state,
    origin,
    groups,
    code,
    reason,
    time,
    clientHeaders,
  };
}

const noHeaders: Readonly<Record<string, string>> = {};
