import { type AllowedAction, actionsType, allowedActions } from '../functions/wire/action-rules.ts';
import type { HookEvent } from '../functions/wire/hook.ts';
import { limits } from '../functions/wire/limits.ts';
import { AnswerError, ArgumentError } from './errors.ts';

/** The actions that a handler may return. They run in the order state, join, leave, reply, send, broadcast, close. */
export interface HookActions {
  /** A text to the socket itself. In a handshake or a message hook. */
  readonly reply?: string;
  readonly send?: readonly { readonly sockets: string | readonly string[]; readonly body: string }[];
  readonly broadcast?: readonly {
    readonly body: string;
    readonly except?: readonly string[];
    readonly path?: string;
    readonly user?: string;
    readonly group?: string;
  }[];
  /** Closes the socket. In a message hook only. */
  readonly close?: boolean;
  /** Printable text of at most 4 KiB, kept with the socket and sent with its later hooks. In the same hooks as `reply`. */
  readonly state?: string;
  /** Groups that the socket joins: at most 50 names. In the same hooks as `reply`. */
  readonly join?: readonly string[];
  /** Groups that the socket leaves: at most 50 names. A name that is also in `join` is left. In the same hooks as `reply`. */
  readonly leave?: readonly string[];
  /** The user that the socket belongs to. In a handshake only. */
  readonly user?: string;
  /** One of the subprotocols that the client offered. In a handshake only. */
  readonly subprotocol?: string;
}

/** A refusal of a handshake. `refuse` makes one. */
export class Refusal {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** Refuses a client in its handshake, with an HTTP status from 400 to 499; 403 by default. */
export function refuse(status = 403): Refusal {
  if (Number.isInteger(status) && status >= 400 && status <= 499) return new Refusal(status);
  throw new ArgumentError('status', 'must be from 400 to 499');
}

/**
 * The actions that a handler of this event may return. The others are declared as `never`, since TypeScript would
 * otherwise accept additional fields in what a function returns.
 */
export type ActionsFor<Event extends HookEvent> = Pick<HookActions, AllowedAction<Event>> & {
  readonly [Name in Exclude<keyof HookActions, AllowedAction<Event>>]?: never;
};

/** The answers that a handler of each event may return besides nothing and actions. */
interface OtherAnswers {
  readonly handshake: string | Refusal;
  readonly message: string;
  readonly closed: never;
  readonly joined: never;
  readonly left: never;
}

/**
 * The answer of a handler: nothing, or actions. In a handshake and a message hook, a string is a reply. A handshake
 * handler may also return a refusal.
 */
export type HookAnswer<Event extends HookEvent> =
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return has this type.
  | void
  | ActionsFor<Event>
  | OtherAnswers[Event];

/** An HTTP answer, in a form that any framework can send and any store can keep. */
export interface HookResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Turns what a handler returned into an HTTP answer. Throws an `AnswerError` if the hook does not allow it. */
export function toResponse(event: HookEvent, answer: HookAnswer<HookEvent>): HookResponse {
  if (answer === undefined) return { status: 204, headers: {}, body: '' };
  if (answer instanceof Refusal) return toRefusal(event, answer);
  const actions: HookActions = typeof answer === 'string' ? { reply: answer } : answer;
  if (typeof actions !== 'object' || actions === null || Array.isArray(actions)) {
    throw new AnswerError(
      'ERR_ANSWER',
      `The ${event} handler must return nothing, a string to reply, or actions.`,
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
  if (event === 'handshake') return plainText(status, 'The connection is refused.');
  throw new AnswerError(
    'ERR_ANSWER',
    `The ${event} handler returned a refusal; only a handshake can be refused.`,
  );
}

/** An HTTP answer with one sentence as its body. */
export function plainText(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HookResponse {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}
