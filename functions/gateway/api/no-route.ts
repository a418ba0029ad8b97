import { type Problem, problem } from '../../wire/problems.ts';
import { routes, withHead } from '../../wire/routes.ts';

/** Why there is no call: the path is unknown, or it does not take the method. `allow` lists the methods it takes. */
export interface NoRoute {
  readonly problem: Problem;
  readonly allow?: string;
}

/**
 * Says why there is no call for a path. The path may be escaped or not: only the names of sockets and groups have
 * anything to escape.
 */
export function noRoute(path: string): NoRoute {
  for (const [pattern, { methods }] of Object.entries(routes)) {
    if (match(pattern, path) === undefined) continue;
    const allow = withHead(methods).join(', ');
    return {
      problem: problem('method_not_allowed', { detail: `${shown(pattern)} accepts ${allow}.` }),
      allow,
    };
  }
  const known = Object.keys(routes).map(shown).join(', ');
  return { problem: problem('not_found', { detail: `The calls are ${known}.` }) };
}

/** A pattern as the text of a problem shows it: `/sockets/:socket`. */
function shown(pattern: string): string {
  return pattern.replace(/\{(\w+)\}/g, ':$1');
}

/** The decoded parameters of a path; undefined if the path does not match the pattern. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  if (pattern === path) return {};
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = decode(value);
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
