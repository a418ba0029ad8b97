import type { HookEvent } from './hook.ts';

/** The media type of an answer that carries actions; an answer of any other type is ignored. */
export const actionsType = 'application/vnd.sockethook+json';

/** The actions, in the order of their names in the documentation. */
export const actionNames = ['reply', 'send', 'broadcast', 'close', 'state', 'user', 'subprotocol'] as const;

/** The name of an action. */
export type ActionName = (typeof actionNames)[number];

/** Which actions an answer to each event may carry: a closed socket can't be replied to, and only a handshake is asked who it is. */
export const allowedActions: Readonly<Record<HookEvent, ReadonlySet<string>>> = {
  handshake: new Set<ActionName>(['reply', 'send', 'broadcast', 'state', 'user', 'subprotocol']),
  message: new Set<ActionName>(['reply', 'send', 'broadcast', 'close', 'state']),
  closed: new Set<ActionName>(['send', 'broadcast']),
};
