import type { HookEvent } from './hook.ts';

/** The media type of an answer that carries actions; an answer of any other type is ignored. */
export const actionsType = 'application/vnd.sockethook+json';

/** The actions, in the order of their names in the documentation. */
export const actionNames = ['reply', 'send', 'broadcast', 'close', 'state', 'user', 'subprotocol'] as const;

/** The name of an action. */
export type ActionName = (typeof actionNames)[number];

/** Which actions an answer to each event may carry: a closed socket can't be replied to, and only a handshake is asked who it is. */
const allowed = {
  handshake: ['reply', 'send', 'broadcast', 'state', 'user', 'subprotocol'],
  message: ['reply', 'send', 'broadcast', 'close', 'state'],
  closed: ['send', 'broadcast'],
} as const satisfies Readonly<Record<HookEvent, readonly ActionName[]>>;

/** An action that an answer to this event may carry. */
export type AllowedAction<Event extends HookEvent> = (typeof allowed)[Event][number];

/** The actions that an answer to each event may carry, by their names. */
export const allowedActions: Readonly<Record<HookEvent, ReadonlySet<string>>> = {
  handshake: new Set<string>(allowed.handshake),
  message: new Set<string>(allowed.message),
  closed: new Set<string>(allowed.closed),
};
