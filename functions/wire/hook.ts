import type { GroupName } from './group.ts';
import type { ClientPath } from './path.ts';
import type { SocketId } from './socket-id.ts';

/** The hooks about a socket, in the order of its life. */
export const socketEvents = ['handshake', 'message', 'closed'] as const;

/** The hooks about a user of a group. */
export const presenceEvents = ['joined', 'left'] as const;

/** All hooks. */
export const hookEvents = [...socketEvents, ...presenceEvents] as const;

/** A hook about a user of a group: whether there is a socket of that user in it now. */
export type PresenceEvent = (typeof presenceEvents)[number];

/** The event that a hook reports. */
export type HookEvent = (typeof hookEvents)[number];

/** `webhook-id`. */
export type HookId = `${HookEvent}_${string}`;

/**
 * The id of a hook: the same on every attempt, since it is derived from what happened. The subject of a message hook is
 * the message's own id, and of the other hooks their socket.
 */
export function hookId(event: HookEvent, subject: string): HookId {
  return `${event}_${subject}`;
}

/** Something that happened on a socket, as it is reported to the app. */
export interface Hook {
  readonly event: HookEvent;
  readonly id: HookId;
  readonly socket: SocketId;
  /** The text of a message; empty for the other events. */
  readonly body: string;
  readonly path: ClientPath;
  readonly query: string;
  readonly user: string;
  readonly state: string;
  /** The client's `Origin`; empty without one. */
  readonly origin: string;
  /** The groups of the socket. In a handshake, those of the ticket, which it joins if the app accepts it. */
  readonly groups: readonly GroupName[];
  /** How the socket closed; empty before. */
  readonly code: string;
  readonly reason: string;
  /** When it happened, in milliseconds since 1970. */
  readonly time: number;
  /** A handshake's headers that come from the client; names as they go on the wire. */
  readonly clientHeaders: Readonly<Record<string, string>>;
  /** What a hook about a user of a group tells besides. Absent in all others. */
  readonly presence?: Presence;
}

/** The group that a user came to or left, and which hook of the two it is: later ones have higher numbers. */
export interface Presence {
  readonly group: GroupName;
  readonly sequence: number;
}

/** `groups` of a socket that is in none. */
export const noGroups = '[]';

/**
 * The fields of a hook's body as text, in their order on the wire. All of them are there on every hook, so that
 * a client's query, which an app may merge with the body, can never fill a gap.
 */
export function hookFields(hook: Hook): Record<string, string> {
  return {
    event: hook.event,
    from: hook.socket,
    body: hook.body,
    path: hook.path,
    query: hook.query,
    user: hook.user,
    state: hook.state,
    origin: hook.origin,
    groups: hook.groups.length === 0 ? noGroups : JSON.stringify(hook.groups),
    code: hook.code,
    reason: hook.reason,
    time: String(hook.time),
    ...presenceFields(hook),
  };
}

function presenceFields({ presence }: Hook): Record<string, string> {
  return presence === undefined ? {} : { group: presence.group, sequence: String(presence.sequence) };
}

/** Where a hook is posted: `{base}/{event}{path}?{query}`. */
export function hookUrl(hook: Pick<Hook, 'event' | 'path' | 'query'>, baseUrl: string): string {
  const url = `${baseUrl}/${hook.event}${hook.path}`;
  return hook.query === '' ? url : `${url}?${hook.query}`;
}
