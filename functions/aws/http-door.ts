import { type Call, refusal } from '../gateway/api/call.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { problem } from '../wire/problems.ts';
import { ok } from '../wire/result.ts';
import type { HttpEvent, HttpResult } from './events.ts';

/** A door of the HTTP API: one call, or several by their route keys. */
export function httpDoor(
  gateway: Gateway,
  calls: Readonly<Record<string, Call>>,
): (event: HttpEvent) => Promise<HttpResult> {
  return async (event) => {
    const id = event.requestContext.requestId;
    const call = Object.hasOwn(calls, event.routeKey) ? calls[event.routeKey] : undefined;
    const answer = await (
      call?.(gateway, toRequest(event, id)) ?? Promise.resolve(refusal(problem('not_found')))
    ).catch((error: unknown) => {
      gateway.log.error('fault', { request: id, why: String(error) });
      return refusal(problem('internal_error'));
    });
    const headers = { ...answer.headers, 'Cache-Control': 'no-store', 'X-Request-Id': id };
    return { statusCode: answer.status, headers, body: answer.body };
  };
}

function toRequest(
  { headers, rawQueryString, pathParameters = {}, body = '', isBase64Encoded }: HttpEvent,
  id: string,
) {
  const parameters = Object.entries(pathParameters).map(([name, value = '']) => [name, value]);
  return {
    id,
    parameters: Object.fromEntries(parameters),
    query: new URLSearchParams(rawQueryString),
    authorization: headers['authorization'] ?? '',
    contentType: headers['content-type'] ?? '',
    body: async () => ok(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')),
  };
}
