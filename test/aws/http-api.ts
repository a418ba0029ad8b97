import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { HttpEvent, HttpResult } from '../../functions/aws/events.ts';
import { portOf } from '../contract/ports/port-of.ts';
import type { Door, Handler } from './bundles.ts';

/** The routes of the HTTP API, as the stack has them. */
const routes: Readonly<Record<string, Door>> = {
  'POST /send': 'send',
  'POST /broadcast': 'broadcast',
  'POST /urls': 'urls',
  'GET /sockets': 'sockets',
  'GET /sockets/{socket}': 'sockets',
  'DELETE /sockets/{socket}': 'sockets',
  'GET /health': 'health',
};

/**
 * An HTTP API of API Gateway, payload format 2.0:
 * - header names are in lower case, path parameters decoded
 * - a body that is not text or JSON comes in base64, a form too
 * - what no route takes gets 404 `{"message":"Not Found"}`
 */
export async function startHttpApi(doors: Readonly<Record<Door, Handler>>) {
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const event = toEvent(request, body);
    const door = event && routes[event.routeKey];
    if (event === undefined || door === undefined) {
      response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"message":"Not Found"}');
      return;
    }
    const { statusCode, headers, body: answer } = (await doors[door](event)) as HttpResult;
    response.writeHead(statusCode, headers).end(statusCode === 204 ? undefined : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${portOf(server)}`, stop };
}

let count = 0;

function toEvent(request: IncomingMessage, body: Buffer): HttpEvent | undefined {
  const [path = '', rawQueryString = ''] = (request.url ?? '').split('?');
  const socket = /^\/sockets\/([^/]+)$/.exec(path)?.[1];
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const isText = /^(?:text\/|application\/json)/.test(headers['content-type'] ?? '');
  count += 1;
  return {
    routeKey: `${request.method} ${socket === undefined ? path : '/sockets/{socket}'}`,
    rawQueryString,
    headers,
    ...(socket === undefined ? {} : { pathParameters: { socket: decoded(socket) } }),
    body: isText ? body.toString() : body.toString('base64'),
    isBase64Encoded: !isText,
    requestContext: { requestId: `request-${count}` },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
