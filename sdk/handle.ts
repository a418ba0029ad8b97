import { type HookAnswer, type HookResponse, plainText, toResponse } from './answer.ts';
import { type Message, toMessage } from './message.ts';
import { MemorySeenIds, type SeenIds } from './seen-ids.ts';
import { signingKeys } from './settings.ts';
import { type HookRequest, verifyHook } from './verify-hook.ts';

/** The handlers of an app. A hook without a handler is accepted. `Context` is the framework's own request. */
export interface HookHandlers<Context> {
  /** A client connects. Return nothing to accept it, or `refuse()`. */
  readonly handshake?: Handler<Context, HookAnswer<'handshake'>>;
  /** A client sent a message. */
  readonly message?: Handler<Context, HookAnswer<'message'>>;
  /** A socket has ended. It may be one that this app has never seen, if the answer to its handshake was lost. */
  readonly closed?: Handler<Context, HookAnswer<'closed'>>;
  /** A user has come to a group. Only if the gateway's setting `HOOKS` names `joined` and `left`. */
  readonly joined?: Handler<Context, HookAnswer<'joined'>>;
  /** A user has left a group, and has not come back for a while. */
  readonly left?: Handler<Context, HookAnswer<'left'>>;
}

/** Handles one hook. An error goes to the framework, which answers 500, and the gateway tries again. */
export type Handler<Context, Answer> = (message: Message, context: Context) => Answer | Promise<Answer>;

/** The options of hook handling that are not in the environment. */
export interface HookOptions {
  /** Where to keep the ids of handled hooks and their answers: by default in this process; nowhere if false. */
  readonly seen?: SeenIds | false;
  /** The maximum size of a hook's body, in bytes; 1 MiB by default. A gateway with `LIMITS=none` may need 48 MiB. */
  readonly maxBytes?: number;
}

/** A request whose body has been read. The body is undefined if it was too large. */
export type ReadRequest = Omit<HookRequest, 'body'> & { readonly body: Uint8Array | undefined };

/** Turns the HTTP request of a hook into an answer, in any framework. */
export interface Handle<Context> {
  readonly maxBytes: number;
  run(request: ReadRequest, context: Context): Promise<HookResponse>;
}

/** The maximum size of a hook's body: a message of 131,072 bytes with every byte escaped, and the other fields. */
const maxHookBytes = 1_048_576;

/** Makes a function that verifies a hook, runs its handler once, and turns what it returned into an answer. */
export function createHandle<Context>(
  handlers: HookHandlers<Context>,
  options: HookOptions,
): Handle<Context> {
  const { seen = new MemorySeenIds(), maxBytes = maxHookBytes } = options;
  const run = async (request: ReadRequest, context: Context): Promise<HookResponse> => {
    if (request.method !== 'POST') return plainText(405, 'A hook is a POST.', { Allow: 'POST' });
    const { body } = request;
    if (body === undefined) return plainText(413, `A hook is at most ${maxBytes} bytes.`);
    const hook = verifyHook({ ...request, body }, signingKeys(), Date.now());
    if (!hook.ok) return plainText(401, hook.error);
    const { event, id } = hook.value;
    const answer = async (): Promise<HookResponse> => {
      return toResponse(event, await handlers[event]?.(toMessage(hook.value, request), context));
    };
    return seen === false ? answer() : once(seen, id, answer);
  };
  return { maxBytes, run };
}

/** Answers 425 while another attempt is running, so that the gateway retries once that attempt has ended. */
async function once(seen: SeenIds, id: string, run: () => Promise<HookResponse>): Promise<HookResponse> {
  const known = await seen.begin(id);
  if (known.state === 'done') return known.answer;
  if (known.state === 'running') return plainText(425, 'This hook is being handled.', { 'Retry-After': '3' });
  try {
    const answer = await run();
    await seen.done(id, answer);
    return answer;
  } catch (error) {
    await seen.failed(id);
    throw error;
  }
}
