import { type Problem, problem } from '../../wire/problems.ts';
import { fault, ok, type Result } from '../../wire/result.ts';
import type { Call } from './call.ts';
import { getAsyncApi } from './get-asyncapi.ts';
import { getHealth } from './get-health.ts';
import { getOpenApi } from './get-openapi.ts';
import { postBroadcast } from './post-broadcast.ts';
import { postSend } from './post-send.ts';
import { postUrls } from './post-urls.ts';
import { deleteSocket, getSocket, getSockets } from './sockets.ts';

/** The calls of the HTTP API by path and method; `:name` is a part of the path that the call reads. */
export const routes: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  '/send': { POST: postSend },
  '/broadcast': { POST: postBroadcast },
  '/urls': { POST: postUrls },
  '/sockets': { GET: getSockets },
  '/sockets/:socket': { GET: getSocket, DELETE: deleteSocket },
  '/health': { GET: getHealth },
  '/openapi.json': { GET: getOpenApi },
  '/asyncapi.json': { GET: getAsyncApi },
};

/** A call that was found, with the parts of the path that it reads. */
export interface Route {
  readonly call: Call;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Why there is none: an unknown path, or a method that the path does not take, and those that it does. */
export interface NoRoute {
  readonly problem: Problem;
  readonly allow?: string;
}

/** Finds the call for a method and a path that is still escaped. */
export function route(method: string, path: string): Result<Route, NoRoute> {
  for (const [pattern, calls] of Object.entries(routes)) {
    const parameters = match(pattern, path);
    if (parameters === undefined) continue;
    // RFC 9110 section 9.3.2: HEAD is GET without the content, which the server leaves out.
    const wanted = method === 'HEAD' ? 'GET' : method;
    const call = Object.hasOwn(calls, wanted) ? calls[wanted] : undefined;
    if (call !== undefined) return ok({ call, parameters });
    const allow = Object.keys(calls)
      .flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
      .join(', ');
    return fault({ problem: problem('method_not_allowed', { detail: `${pattern} takes ${allow}.` }), allow });
  }
  return fault({
    problem: problem('not_found', { detail: `The calls are ${Object.keys(routes).join(', ')}.` }),
  });
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':')) parameters[part.slice(1)] = decode(value);
    else if (part !== value) return undefined;
  }
  return parameters;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
