import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { HttpEvent, HttpResult } from '../../functions/aws/events.ts';
import { routes as table, withHead } from '../../functions/wire/routes.ts';
import { portOf } from '../contract/ports/port-of.ts';
import type { Handler, HandlerName } from './bundles.ts';

/** A route of the HTTP API, as the stack has it. */
interface Route {
  readonly key: string;
  readonly method: string;
  /** What its path looks like; each parameter is a group of its name. */
  readonly form: RegExp;
  readonly handler: HandlerName;
}

const routes: readonly Route[] = Object.entries(table).flatMap(([path, { function: handler, methods }]) => {
  const form = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  return withHead(methods).map((method) => ({ key: `${method} ${path}`, method, form, handler }));
});

/** What API Gateway says besides. */
type Request = HttpEvent & {
  readonly requestContext: { readonly http: { readonly method: string; readonly path: string } };
};

/**
 * An HTTP API of API Gateway, payload format 2.0:
 * - the path is decoded before it is routed by: an escaped slash divides segments, and an escaped question mark ends the
 *   path (captures)
 * - header names are in lower case, path parameters decoded
 * - a body that is not text or JSON comes in base64, a form too; without a body there is none
 * - what no route takes comes as `$default`, which goes to `health`
 * - the caller of HEAD gets the headers alone
 */
export async function startHttpApi(handlers: Readonly<Partial<Record<HandlerName, Handler>>>) {
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const { event, handler } = toEvent(request, await buffer(request));
    const answered = await handlers[handler]?.(event).catch(() => undefined);
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

/** The event of a request, and the function that its route calls. */
function toEvent(request: IncomingMessage, body: Buffer): { event: Request; handler: HandlerName } {
  const { method = '', url = '' } = request;
  const [escaped = '', ...queries] = url.split('?');
  const rawQueryString = queries.join('?');
  const [path = ''] = decoded(escaped).split('?');
  const route = routes.find((each) => each.method === method && each.form.test(path));
  const parameters = route?.form.exec(path)?.groups;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  count += 1;
  const event = {
    routeKey: route?.key ?? '$default',
    ...{ rawPath: path, rawQueryString, headers },
    ...(parameters === undefined ? {} : { pathParameters: { ...parameters } }),
    ...content(headers['content-type'] ?? '', body),
    requestContext: { http: { method, path }, requestId: `request-${count}` },
  };
  return { event, handler: route?.handler ?? 'health' };
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
