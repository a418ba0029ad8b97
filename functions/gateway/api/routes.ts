import { err, ok, type Result } from '../../wire/result.ts';
import type { Call } from './call.ts';
import { getAsyncApi } from './get-asyncapi.ts';
import { getHealth } from './get-health.ts';
import { getOpenApi } from './get-openapi.ts';
import { match, type methods, type NoRoute, noRoute } from './no-route.ts';
import { postBroadcast } from './post-broadcast.ts';
import { postSend } from './post-send.ts';
import { postUrls } from './post-urls.ts';
import { deleteSocket, getSocket, getSockets } from './sockets.ts';

type Methods = typeof methods;

const calls: { readonly [Path in keyof Methods]: { readonly [Method in Methods[Path][number]]: Call } } = {
  '/send': { POST: postSend },
  '/broadcast': { POST: postBroadcast },
  '/urls': { POST: postUrls },
  '/sockets': { GET: getSockets },
  '/sockets/:socket': { GET: getSocket, DELETE: deleteSocket },
  '/health': { GET: getHealth },
  '/openapi.json': { GET: getOpenApi },
  '/asyncapi.json': { GET: getAsyncApi },
};

/** The calls of the HTTP API by path and method. */
export const routes: Readonly<Record<string, Readonly<Record<string, Call>>>> = calls;

const routeList = Object.entries(routes);

/** A call that was found, with the parts of the path that it reads. */
export interface Route {
  readonly call: Call;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Finds the call for a method and a path that is still escaped. */
export function route(method: string, path: string): Result<Route, NoRoute> {
  // RFC 9110 section 9.3.2: HEAD is GET without the content, which the server leaves out.
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const [pattern, byMethod] of routeList) {
    const parameters = pattern === path ? {} : match(pattern, path);
    const call = parameters && Object.hasOwn(byMethod, wanted) ? byMethod[wanted] : undefined;
    if (call !== undefined && parameters !== undefined) return ok({ call, parameters });
  }
  return err(noRoute(path));
}
