import type { IncomingMessage, ServerResponse } from 'node:http';
import { createHandle, type HookHandlers, type HookOptions } from './handle.ts';
import { handleNode, write } from './node-hooks.ts';

/** What Express adds to Node's request and this package reads; `express.Request` is one. */
export interface ExpressRequest extends IncomingMessage {
  /** The URL as it came, before a router took its mount path off. */
  originalUrl: string;
}

/**
 * Web hooks for Express, 4 and 5: a middleware to mount with `app.use('/websocket', expressHooks({ ... }))`, before
 * any body parser. The handlers get Express's `req` as well, so that `req.session` and the like work in a
 * handshake; in TypeScript write `expressHooks<express.Request>` to have their types. What a handler throws goes to Express's error handling, and so does a `DrainedBodyError`.
 *
 * @example
 * app.use('/websocket', expressHooks<express.Request>({ handshake: (_, { session }) => (session.user ? undefined : refuse(401)) }));
 */
export function expressHooks<Req extends ExpressRequest>(
  handlers: HookHandlers<Req>,
  options: HookOptions = {},
): (request: Req, response: ServerResponse, next: (error?: unknown) => void) => void {
  const handle = createHandle(handlers, options);
  return (request, response, next) => {
    handleNode(handle, request, request.originalUrl, request).then((answer) => write(response, answer), next);
  };
}
