import type { IncomingMessage, ServerResponse } from 'node:http';
import { createHandle, type HookHandlers, type HookOptions } from './handle.ts';
import { handleNode, write } from './node-hooks.ts';

/** The part of Express's request that this package reads. `express.Request` has it. */
export interface ExpressRequest extends IncomingMessage {
  /** The URL as received, before a router removed its mount path. */
  originalUrl: string;
}

/**
 * Webhooks for Express 4 and 5: a middleware to mount with `app.use('/websocket', expressHooks({ ... }))`, before any
 * body parser. The handlers also get Express's `req`, so `req.session` and the like work in a handshake. In TypeScript,
 * write `expressHooks<express.Request>` to get its types. Errors that a handler throws go to Express's error handling,
 * and so does a `DrainedBodyError`.
 *
 * @example
 * app.use('/websocket', expressHooks<express.Request>({ handshake: (_, { session }) => (session.user ? undefined :
 * refuse(401)) }));
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
