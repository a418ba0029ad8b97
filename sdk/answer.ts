import { type AllowedAction, actionsType, allowedActions } from '../functions/wire/action-rules.ts';
import type { HookEvent } from '../functions/wire/hook.ts';
import { limits } from '../functions/wire/limits.ts';
import { AnswerError, ArgumentError } from './errors.ts';

/** The actions that a handler may return. They run in the order state, reply, send, broadcast, close. */
export interface HookActions {
  /** A text to the socket itself; not in a closed hook. */
  readonly reply?: string;
  readonly send?: readonly { readonly sockets: string | readonly string[]; readonly body: string }[];
  readonly broadcast?: readonly {
    readonly body: string;
    readonly except?: readonly string[];
    readonly path?: string;
    readonly user?: string;
  }[];
  /** Closes the socket; in a message hook only. */
  readonly close?: boolean;
  /** Kept with the socket, and part of its later hooks: printable text of at most 4 KiB; not in a closed hook. */
  readonly state?: string;
  /** Who the socket belongs to; in a handshake only. */
  readonly user?: string;
  /** One of the subprotocols that the client offered; in a handshake only. */
  readonly subprotocol?: string;
}

/** A refusal of a handshake; `refuse` makes one. */
export class Refusal {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** Refuses the client of a handshake with an HTTP status from 400 to 499; 403 by default. */
export function refuse(status = 403): Refusal {
  if (Number.isInteger(status) && status >= 400 && status <= 499) return new Refusal(status);
  throw new ArgumentError('status', 'must be from 400 to 499');
}

/**
 * The actions that a handler of this event may ask for. The others are named as well, since what a function returns
 * may have more fields than its type.
 */
export type ActionsFor<Event extends HookEvent> = Pick<HookActions, AllowedAction<Event>> & {
  readonly [Name in Exclude<keyof HookActions, AllowedAction<Event>>]?: never;
};

/** What a handler of each event may return, beside nothing and its actions. */
interface OtherAnswers {
  readonly handshake: string | Refusal;
  readonly message: string;
  readonly closed: never;
}

/** What a handler of an event returns: nothing, actions, a text to reply to a socket that is not closed, or a refusal of a handshake. */
export type HookAnswer<Event extends HookEvent> =
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return has this type.
  | void
  | ActionsFor<Event>
  | OtherAnswers[Event];

/** An answer as any framework can send it, and a store can keep it. */
export interface HookResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Writes what a handler returned as an HTTP answer. Throws an `AnswerError` for what its hook does not allow. */
export function toResponse(event: HookEvent, answer: HookAnswer<HookEvent>): HookResponse {
  if (answer === undefined) return { status: 204, headers: {}, body: '' };
  if (answer instanceof Refusal) return toRefusal(event, answer);
  const actions: HookActions = typeof answer === 'string' ? { reply: answer } : answer;
  if (typeof actions !== 'object' || actions === null || Array.isArray(actions)) {
    throw new AnswerError(
      'ERR_ANSWER',
      `The ${event} handler must return nothing, a text to reply, or actions.`,
    );
  }
  for (const name of Object.keys(actions)) {
    if (allowedActions[event].has(name)) continue;
    const names = [...allowedActions[event]].join(', ');
    throw new AnswerError('ERR_ANSWER', `The ${event} handler returned "${name}"; it may return ${names}.`);
  }
  const body = JSON.stringify(actions);
  if (Buffer.byteLength(body) > limits.answerBytes) {
    throw new AnswerError(
      'ERR_ANSWER',
      `The ${event} handler returned more than ${limits.answerBytes} bytes; send them instead.`,
    );
  }
  return { status: 200, headers: { 'Content-Type': actionsType }, body };
}

function toRefusal(event: HookEvent, { status }: Refusal): HookResponse {
  if (event === 'handshake') return sentence(status, 'The connection is refused.');
  throw new AnswerError(
    'ERR_ANSWER',
    `The ${event} handler returned a refusal; only a handshake can be refused.`,
  );
}

/** An answer of one sentence. */
export function sentence(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HookResponse {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}
