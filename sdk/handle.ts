import { type HookAnswer, type HookResponse, sentence, toResponse } from './answer.ts';
import { type Message, toMessage } from './message.ts';
import { MemorySeenIds, type SeenIds } from './seen-ids.ts';
import { signingKeys } from './settings.ts';
import { type HookRequest, verifyHook } from './verify-hook.ts';

/** What is done with each hook; one that is left out is accepted. `Context` is the framework's own request. */
export interface HookHandlers<Context> {
  /** A client connects: return nothing to let it in, `refuse()` not to. */
  readonly handshake?: Handler<Context, HookAnswer<'handshake'>>;
  /** A client sent a text. */
  readonly message?: Handler<Context, HookAnswer<'message'>>;
  /** A socket has ended; also one that was never known here, if the answer to its handshake was lost. */
  readonly closed?: Handler<Context, HookAnswer<'closed'>>;
}

/** Handles one hook. What it throws is for the framework: a 500, after which the gateway tries again. */
export type Handler<Context, Answer> = (message: Message, context: Context) => Answer | Promise<Answer>;

/** How hooks are handled, beside the environment. */
export interface HookOptions {
  /** Where handled ids and their answers are kept; in this process by default, nowhere if false. */
  readonly seen?: SeenIds | false;
  /** The longest body of a hook, in bytes: 1 MiB by default. A gateway with `LIMITS=none` may need 48 MiB. */
  readonly mostBytes?: number;
}

/** A request whose body may have been longer than a hook's, and is then undefined. */
export type ReadRequest = Omit<HookRequest, 'body'> & { readonly body: Uint8Array | undefined };

/** A hook's way from an HTTP request to an answer, whatever the framework. */
export interface Handle<Context> {
  readonly mostBytes: number;
  run(request: ReadRequest, context: Context): Promise<HookResponse>;
}

/** The longest body of a hook: a message of 131,072 bytes with every byte escaped, and the other fields. */
const mostHookBytes = 1_048_576;

/** Makes what verifies a hook, runs its handler once, and writes what that returned as an answer. */
export function createHandle<Context>(
  handlers: HookHandlers<Context>,
  options: HookOptions,
): Handle<Context> {
  const { seen = new MemorySeenIds(), mostBytes = mostHookBytes } = options;
  const run = async (request: ReadRequest, context: Context): Promise<HookResponse> => {
    if (request.method !== 'POST') return sentence(405, 'A hook is a POST.', { Allow: 'POST' });
    const { body } = request;
    if (body === undefined) return sentence(413, `A hook is at most ${mostBytes} bytes.`);
    const hook = verifyHook({ ...request, body }, signingKeys(), Date.now());
    if (!hook.ok) return sentence(401, hook.error);
    const { event, id, fields } = hook.value;
    const answer = async (): Promise<HookResponse> => {
      const message = toMessage(event, fields, id, request);
      return toResponse(event, await handlers[event]?.(message, context));
    };
    return seen === false ? answer() : once(seen, id, answer);
  };
  return { mostBytes, run };
}

/** 425 asks the gateway to come again: by then it is known how the other attempt ended. */
async function once(seen: SeenIds, id: string, run: () => Promise<HookResponse>): Promise<HookResponse> {
  const known = await seen.begin(id);
  if (known.state === 'done') return known.answer;
  if (known.state === 'running') return sentence(425, 'This hook is being handled.', { 'Retry-After': '3' });
  try {
    const answer = await run();
    await seen.done(id, answer);
    return answer;
  } catch (error) {
    await seen.failed(id);
    throw error;
  }
}
