import { err, ok, type Result } from '../../wire/result.ts';
import { type RouteKey, routes } from '../../wire/routes.ts';
import { broadcastCalls } from './broadcasts.ts';
import type { Call } from './call.ts';
import { deadLetterCalls } from './dead-letters.ts';
import { getAsyncApi } from './get-asyncapi.ts';
import { getHealth } from './get-health.ts';
import { getOpenApi } from './get-openapi.ts';
import { groupCalls } from './groups.ts';
import { match, type NoRoute, noRoute } from './no-route.ts';
import { postSend } from './post-send.ts';
import { postUrls } from './post-urls.ts';
import { deleteSocket, getSocket, getSockets } from './sockets.ts';

const calls: Readonly<Record<RouteKey, Call>> = {
  'POST /send': postSend,
  'POST /urls': postUrls,
  'GET /sockets': getSockets,
  'GET /sockets/{socket}': getSocket,
  'DELETE /sockets/{socket}': deleteSocket,
  ...broadcastCalls,
  ...groupCalls,
  ...deadLetterCalls,
  'GET /health': getHealth,
  'GET /openapi.json': getOpenApi,
  'GET /asyncapi.json': getAsyncApi,
};

const callOf = new Map<string, Call>(Object.entries(calls));
const patterns = Object.keys(routes);

/** The call that a request asks for, and the parameters in its path. */
export interface Route {
  readonly call: Call;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Finds the call for a method and a path that is still escaped. */
export function route(method: string, path: string): Result<Route, NoRoute> {
  // RFC 9110 section 9.3.2: HEAD is GET without the content, which the server leaves out.
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const pattern of patterns) {
    const parameters = match(pattern, path);
    const call = parameters && callOf.get(`${wanted} ${pattern}`);
    if (call !== undefined && parameters !== undefined) return ok({ call, parameters });
  }
  return err(noRoute(path));
}
