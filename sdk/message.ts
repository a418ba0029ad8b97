import type { HookEvent } from '../functions/wire/hook.ts';

/** What a hook tells: who, where, and what. */
export interface Message {
  readonly event: HookEvent;
  /** The socket's id: what `sendMessage` takes. */
  readonly socket: string;
  /** The text of a message; empty in the other hooks. */
  readonly body: string;
  /** The path that the client connected to, escapes kept. */
  readonly path: string;
  /** The client's own query, without the `?`. */
  readonly query: string;
  /** Who it is, from the ticket or the handshake's answer; empty for nobody in particular. */
  readonly user: string;
  /** What an earlier answer kept with the socket. */
  readonly state: string;
  /** The `Origin` of the page that connected; empty for a program. */
  readonly origin: string;
  /** The hook's id: the same on every attempt. */
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

/** The message of a hook that was verified; `fields` are those of its body. */
export function toMessage(
  event: HookEvent,
  fields: ReadonlyMap<string, string>,
  id: string,
  request: Message['request'],
): Message {
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
    id,
    code: code === '' ? undefined : Number(code),
    reason: field('reason'),
    time: new Date(Number(field('time'))),
    request,
  };
}
