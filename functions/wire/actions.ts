import * as v from 'valibot';
import { type ActionName, actionsType, allowedActions } from './action-rules.ts';
import { type Broadcast, broadcastSchema, type Send, sendSchema } from './deliveries.ts';
import { type DocumentError, malformed } from './document-error.ts';
import type { GroupName } from './group.ts';
import type { HookEvent } from './hook.ts';
import { limits } from './limits.ts';
import { isWellFormed } from './printable.ts';
import { err, ok, type Result } from './result.ts';
import { groupList, messageText, readBy, stateText, userText } from './schema.ts';

/** The actions in an app's answer to a hook. They run in the order state, join, leave, reply, send, broadcast, close. */
export interface Actions {
  readonly reply?: string | undefined;
  readonly send: readonly Send[];
  readonly broadcast: readonly Broadcast[];
  readonly close: boolean;
  readonly state?: string | undefined;
  readonly join: readonly GroupName[];
  readonly leave: readonly GroupName[];
  /** In a handshake only. */
  readonly user?: string | undefined;
  /** In a handshake only: one of those that the client offered. */
  readonly subprotocol?: string | undefined;
}

/** No actions at all. */
export const noActions: Actions = {
  reply: undefined,
  send: [],
  broadcast: [],
  close: false,
  state: undefined,
  join: [],
  leave: [],
};

/** Whether there are no actions but, perhaps, a reply. */
export function isAtMostReply({ state, join, leave, send, broadcast, close }: Actions): boolean {
  if (state !== undefined || close || join.length > 0 || leave.length > 0) return false;
  return send.length === 0 && broadcast.length === 0;
}

/** The context of an answer, which decides what it may contain. */
export interface AnswerContext {
  readonly event: HookEvent;
  /** The subprotocols that the client of a handshake offered. */
  readonly offered: readonly string[];
  /** The maximum size of a message, in bytes. */
  readonly messageBytes: number;
}

/**
 * Parses an actions document. Refuses text that is not a JSON object, a message over the limit, and a field that is
 * unknown, invalid or not allowed for this event: `close` in a handshake; `user` and `subprotocol` outside one;
 * `reply`, `state`, `join`, `leave` and `close` once a socket is closed. The error names the field.
 */
export function parseActions(text: string, context: AnswerContext): Result<Actions, DocumentError> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return err(malformed('The actions document is not JSON.'));
  }
  return readReply(document, context) ?? readBy(schemaFor(context), document);
}

/** A fast path for a document with a valid reply and nothing else, as most are. Undefined for any other document. */
function readReply(
  document: unknown,
  { event, messageBytes }: AnswerContext,
): Result<Actions, DocumentError> | undefined {
  if (event !== 'message' || typeof document !== 'object' || document === null) return undefined;
  for (const name in document) if (name !== 'reply') return undefined;
  if (!('reply' in document)) return undefined;
  const { reply } = document;
  // A UTF-16 code unit takes at most three bytes of UTF-8.
  if (typeof reply !== 'string' || reply.length * 3 > messageBytes || !isWellFormed(reply)) return undefined;
  const { send, broadcast, close, join, leave } = noActions;
  // One literal: spreading costs more than reading the document.
  return ok({ reply, send, broadcast, close, state: undefined, join, leave });
}

/** Reads the actions of a 2xx answer if its media type says that it carries any. An empty body carries none. */
export function answeredActions(
  answer: { readonly contentType: string; readonly body: string },
  context: AnswerContext,
): Result<Actions, DocumentError> {
  return isActions(answer.contentType) && answer.body !== ''
    ? parseActions(answer.body, context)
    : ok(noActions);
}

/** Whether a `Content-Type` is that of an actions document. Ignores parameters and case. */
export function isActions(contentType: string): boolean {
  return contentType === actionsType || contentType.split(';', 1)[0]?.trim().toLowerCase() === actionsType;
}

type ActionsSchema = ReturnType<typeof buildSchema>;

/** By event, then by the maximum size of a message, of which a process uses one or two. */
const schemas: Record<HookEvent, Map<number, ActionsSchema>> = {
  handshake: new Map(),
  message: new Map(),
  closed: new Map(),
  joined: new Map(),
  left: new Map(),
};

/** Schemas are cached, except for handshakes that offer subprotocols: each of these has its own list of offers. */
function schemaFor(context: AnswerContext): ActionsSchema {
  if (context.offered.length > 0) return buildSchema(context);
  const known = schemas[context.event];
  const schema = known.get(context.messageBytes) ?? buildSchema(context);
  known.set(context.messageBytes, schema);
  return schema;
}

function buildSchema({ event, offered, messageBytes }: AnswerContext) {
  const refused = v.custom<never>(() => false, `is not allowed in an answer to ${event}`);
  const only = <Schema extends v.GenericSchema>(name: ActionName, schema: Schema) =>
    v.optional(allowedActions[event].has(name) ? schema : refused);
  const many = <Item extends v.GenericSchema>(item: Item) =>
    v.pipe(
      v.array(item, 'must be a list'),
      v.maxLength(limits.actionsPerKind, `must be at most ${limits.actionsPerKind} entries`),
    );
  return v.pipe(
    v.strictObject(
      {
        reply: only('reply', messageText(messageBytes)),
        send: v.optional(many(sendSchema(messageBytes))),
        broadcast: v.optional(many(broadcastSchema(messageBytes))),
        close: only('close', v.boolean('must be true or false')),
        state: only('state', stateText),
        join: only('join', groupList),
        leave: only('leave', groupList),
        user: only('user', userText),
        subprotocol: only(
          'subprotocol',
          v.pipe(
            v.string('must be text'),
            v.check((name) => offered.includes(name), 'must be one that the client offered'),
          ),
        ),
      },
      'must be a JSON object',
    ),
    v.transform(({ send = [], broadcast = [], close = false, join = [], leave = [], ...rest }): Actions => {
      return { ...rest, send, broadcast, close, join, leave };
    }),
  );
}
