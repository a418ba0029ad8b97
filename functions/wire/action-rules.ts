import type { HookEvent } from './hook.ts';

/** The media type of an answer that carries actions. An answer of any other type is ignored. */
export const actionsType = 'application/vnd.sockethook+json';

/** The actions, in the order in which the documentation lists them. */
export const actionNames = [
  'reply',
  'send',
  'broadcast',
  'close',
  'state',
  'join',
  'leave',
  'user',
  'subprotocol',
] as const;

/** The name of an action. */
export type ActionName = (typeof actionNames)[number];

/**
 * Which actions an answer to each event may carry. A closed socket can't get a reply or join a group, a user is not one
 * socket, and only a handshake sets the user and the subprotocol.
 */
const allowed = {
  handshake: ['reply', 'send', 'broadcast', 'state', 'join', 'leave', 'user', 'subprotocol'],
  message: ['reply', 'send', 'broadcast', 'close', 'state', 'join', 'leave'],
  closed: ['send', 'broadcast'],
  joined: ['send', 'broadcast'],
  left: ['send', 'broadcast'],
} as const satisfies Readonly<Record<HookEvent, readonly ActionName[]>>;

/** An action that an answer to this event may carry. */
export type AllowedAction<Event extends HookEvent> = (typeof allowed)[Event][number];

/** The names of the actions that an answer to each event may carry. */
export const allowedActions: Readonly<Record<HookEvent, ReadonlySet<string>>> = {
  handshake: new Set<string>(allowed.handshake),
  message: new Set<string>(allowed.message),
  closed: new Set<string>(allowed.closed),
  joined: new Set<string>(allowed.joined),
  left: new Set<string>(allowed.left),
};
