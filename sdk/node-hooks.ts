import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HookResponse } from './answer.ts';
import { plainText } from './answer.ts';
import { DrainedBodyError } from './errors.ts';
import { createHandle, type Handle, type HookHandlers, type HookOptions } from './handle.ts';
import { readBody } from './read-body.ts';

/** Options for a server without a framework's error handling. */
export interface NodeHookOptions extends HookOptions {
  /** Called with an error that a handler threw, after the gateway got a 500. By default it writes to standard error. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Webhooks for a `node:http` server. The handlers also get Node's own request. The promise never rejects: a caller that
 * hangs up is ignored, and errors that a handler throws go to `onError`.
 *
 * @example
 * createServer(nodeHooks({ message: ({ body }) => `Received: ${body}` })).listen(3000);
 */
export function nodeHooks(
  handlers: HookHandlers<IncomingMessage>,
  options: NodeHookOptions = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const handle = createHandle(handlers, options);
  const { onError = logError } = options;
  return async (request, response) => {
    try {
      write(response, await handleNode(handle, request, request.url ?? '/', request));
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      write(response, plainText(500, 'The hook failed.'));
      onError(error);
    }
  };
}

function logError(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

/** Handles a hook from Node's request. `url` is the whole path and query, including any mount path. */
export async function handleNode<Context>(
  handle: Handle<Context>,
  request: IncomingMessage,
  url: string,
  context: Context,
): Promise<HookResponse> {
  if (request.readableDidRead || request.readableEnded) throw new DrainedBodyError();
  // Don't destroy the request: the answer goes out on the same connection.
  const body = await readBody(request.iterator({ destroyOnReturn: false }), handle.maxBytes);
  return handle.run({ method: request.method ?? '', url, headers: headersOf(request), body }, context);
}

/** Writes an answer with Node's response. */
export function write(response: ServerResponse, { status, headers, body }: HookResponse): void {
  if (status === 413) response.setHeader('Connection', 'close');
  response.writeHead(status, headers).end(status === 204 ? undefined : body);
}

/** The headers of Node's request as a Fetch `Headers`. */
export function headersOf({ headers }: Pick<IncomingMessage, 'headers'>): Headers {
  const pairs = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [value].flat().map((one) => [name, one]),
  );
  return new Headers(pairs);
}
