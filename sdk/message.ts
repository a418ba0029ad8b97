import type { HookEvent } from '../functions/wire/hook.ts';
import type { VerifiedHook } from './verify-hook.ts';

/** The contents of a hook. */
export interface Message {
  readonly event: HookEvent;
  /**
   * The socket's id, as `sendMessage` takes it. In a joined or left hook, the socket that came first or left last. It may
   * have ended.
   */
  readonly socket: string;
  /** The text of a message. Empty in other hooks. */
  readonly body: string;
  /** The path that the client connected to, with its escapes. */
  readonly path: string;
  /** The client's own query, without the `?`. */
  readonly query: string;
  /**
   * The user, from the ticket or from the answer to the handshake. Empty means no particular user. In a joined or left hook
   * the socket then counts as a user of its own.
   */
  readonly user: string;
  /** The state that an earlier answer set. */
  readonly state: string;
  /** The `Origin` of the page that connected. Empty if the client is not a web page. */
  readonly origin: string;
  /**
   * The groups that the socket is in, in the order in which it joined them. In a handshake, those of the ticket; in a
   * closed hook, those that it was in at its end. Empty in a joined or left hook.
   */
  readonly groups: readonly string[];
  /** The group that a user has come to or left, in a joined or left hook. Empty in other hooks. */
  readonly group: string;
  /** Of two joined or left hooks of a user and a group, the one with the higher number is the later. 0 in other hooks. */
  readonly sequence: number;
  /** The hook's id, the same on every attempt. */
  readonly id: string;
  /** The close code, in a closed hook. */
  readonly code: number | undefined;
  /** The close reason, in a closed hook. */
  readonly reason: string;
  /** When it happened. */
  readonly time: Date;
  /** The HTTP request of the hook. In a handshake its headers are the client's: cookies, language, authorization. */
  readonly request: { readonly url: string; readonly headers: Headers };
}

/** The message of a verified hook. */
export function toMessage({ event, id, fields, groups }: VerifiedHook, request: Message['request']): Message {
  const field = (name: string): string => fields.get(name) ?? '';
  const code = field('code');
  return {
    event,
    socket: field('from'),
    body: field('body'),
    path: field('path'),
    query: field('query'),
    user: field('user'),
    state: field('state'),
    origin: field('origin'),
    groups,
    group: field('group'),
    sequence: Number(field('sequence')),
    id,
    code: code === '' ? undefined : Number(code),
    reason: field('reason'),
    time: new Date(Number(field('time'))),
    request,
  };
}
