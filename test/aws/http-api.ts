import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { HttpEvent, HttpResult } from '../../functions/aws/events.ts';
import { routes as table, withHead } from '../../functions/wire/routes.ts';
import { portOf } from '../contract/ports/port-of.ts';
import type { Handler, HandlerName } from './bundles.ts';

/** The routes of the HTTP API, as the stack has them; what none of them takes goes to `health`. */
const routes: Readonly<Record<string, HandlerName>> = Object.fromEntries(
  Object.entries(table).flatMap(([path, { function: name, methods }]) =>
    withHead(methods).map((method) => [`${method} ${path}`, name]),
  ),
);

/** What API Gateway says besides. */
type Request = HttpEvent & {
  readonly requestContext: { readonly http: { readonly method: string; readonly path: string } };
};

/**
 * An HTTP API of API Gateway, payload format 2.0:
 * - header names are in lower case, path parameters decoded
 * - a body that is not text or JSON comes in base64, a form too; without a body there is none
 * - what no route takes comes as `$default`
 * - the caller of HEAD gets the headers alone
 */
export async function startHttpApi(handlers: Readonly<Partial<Record<HandlerName, Handler>>>) {
  const server = createServer(async (request, response) => {
    const event = toEvent(request, await buffer(request));
    const answered = await handlers[routes[event.routeKey] ?? 'health']?.(event).catch(() => undefined);
    if (answered === undefined) {
      const body = '{"message":"Internal Server Error"}';
      response.writeHead(500, { 'Content-Type': 'application/json' }).end(body);
      return;
    }
    const { statusCode, headers, body } = answered as HttpResult;
    const length = statusCode === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) };
    response.writeHead(statusCode, { ...headers, ...length }).end(statusCode === 204 ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${portOf(server)}`, stop };
}

let count = 0;

function toEvent(request: IncomingMessage, body: Buffer): Request {
  const { method = '', url = '' } = request;
  const [path = '', rawQueryString = ''] = url.split('?');
  const socket = /^\/sockets\/([^/]+)$/.exec(path)?.[1];
  const route = `${method} ${socket === undefined ? path : '/sockets/{socket}'}`;
  const isRouted = Object.hasOwn(routes, route);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  count += 1;
  return {
    routeKey: isRouted ? route : '$default',
    ...{ rawPath: path, rawQueryString, headers },
    ...(isRouted && socket !== undefined ? { pathParameters: { socket: decoded(socket) } } : {}),
    ...content(headers['content-type'] ?? '', body),
    requestContext: { http: { method, path }, requestId: `request-${count}` },
  };
}

function content(type: string, body: Buffer): Pick<HttpEvent, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = /^(?:text\/|application\/json)/.test(type);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
