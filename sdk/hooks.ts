import { DrainedBodyError } from './errors.ts';
import { createHandle, type HookHandlers, type HookOptions } from './handle.ts';
import { readBody } from './read-body.ts';

/**
 * A Fetch-style handler of webhooks, for Hono, Deno, Bun, Next.js and anything else that uses `Request` and `Response`.
 * It verifies the signature, reads either format, runs the handler and answers with what it returned. A hook that is
 * forged, stale, unsigned, or signed for another URL gets 401, and no handler runs.
 *
 * @example
 * export default { fetch: hooks({ message: ({ body }) => `Received: ${body}` }) };
 */
export function hooks(
  handlers: HookHandlers<Request>,
  options: HookOptions = {},
): (request: Request) => Promise<Response> {
  const handle = createHandle(handlers, options);
  return async (request) => {
    if (request.bodyUsed) throw new DrainedBodyError();
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? new Uint8Array() : await readBody(request.body, handle.maxBytes);
    const { method, headers } = request;
    const answer = await handle.run({ method, url: pathname + search, headers, body }, request);
    return new Response(answer.status === 204 ? null : answer.body, answer);
  };
}
