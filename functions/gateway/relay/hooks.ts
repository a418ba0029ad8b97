import type { Hook } from '../../wire/hook.ts';
import type { SocketEnd, SocketRecord } from '../record.ts';

/** The handshake hook of a socket that is opening. */
export function handshakeHook(record: SocketRecord, clientHeaders: Readonly<Record<string, string>>): Hook {
  return {
    ...subject(record),
    event: 'handshake',
    id: `handshake_${record.socket}`,
    time: record.openedAt,
    clientHeaders,
  };
}

/** The hook of a message that a client sent. `id` is the message's own. */
export function messageHook(record: SocketRecord, message: { id: string; body: string; time: number }): Hook {
  const { id, body, time } = message;
  return { ...subject(record), event: 'message', id: `message_${id}`, body, time };
}

/** The hook that tells that a socket has ended, and how. */
export function closedHook(record: SocketRecord, { code, reason, time }: SocketEnd): Hook {
  return {
    ...subject(record),
    event: 'closed',
    id: `closed_${record.socket}`,
    code: String(code),
    reason,
    time,
  };
}

/** What is the same on all hooks of a socket. */
function subject({ socket, path, query, user, state, origin }: SocketRecord) {
  return { socket, path, query, user, state, origin, body: '', code: '', reason: '', clientHeaders: {} };
}
