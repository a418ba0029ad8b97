import { type Problem, problem } from '../../wire/problems.ts';

/** The paths of the HTTP API and the methods that each takes; `:name` is a part of the path that the call reads. */
export const methods = {
  '/send': ['POST'],
  '/broadcast': ['POST'],
  '/urls': ['POST'],
  '/sockets': ['GET'],
  '/sockets/:socket': ['GET', 'DELETE'],
  '/health': ['GET'],
  '/openapi.json': ['GET'],
  '/asyncapi.json': ['GET'],
} as const;

/** Why there is no call: an unknown path, or a method that the path does not take, and those that it does. */
export interface NoRoute {
  readonly problem: Problem;
  readonly allow?: string;
}

/** Says why there is no call for a path, escaped or not: that of a call has nothing to escape but an id. */
export function noRoute(path: string): NoRoute {
  for (const [pattern, taken] of Object.entries(methods)) {
    if (match(pattern, path) === undefined) continue;
    const allow = taken.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
    return { problem: problem('method_not_allowed', { detail: `${pattern} takes ${allow}.` }), allow };
  }
  const known = Object.keys(methods).join(', ');
  return { problem: problem('not_found', { detail: `The calls are ${known}.` }) };
}

/** The parts of a path that a pattern names, decoded; undefined if the path is not of this pattern. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
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
