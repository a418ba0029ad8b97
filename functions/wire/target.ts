import { type ClientPath, cut, escapeQuery, parsePath } from './path.ts';
import { err, ok, type Result } from './result.ts';

/** What a client asks to be connected to: a path and its own query, or whatever its ticket says. */
export type Target =
  | { readonly kind: 'path'; readonly path: ClientPath; readonly query: string }
  | { readonly kind: 'ticket'; readonly ticket: string };

/**
 * Reads the request target of an upgrade: `/foo/bar?x=1`, or `/?path=%2Ffoo%2Fbar&x=1`, or `/?ticket=...`.
 * The parameters `path` and `ticket` are ours and are taken out; with a ticket the client's own path and query
 * are dropped. Refuses a path that `parsePath` refuses, and a path or ticket that is given twice.
 */
export function parseTarget(target: string): Result<Target, string> {
  const [pathname, query] = cut(target, '?');
  const pairs = query.split('&').map((text) => ({ text, ...parsePair(text) }));
  const paths = pairs.filter(({ name }) => name === 'path');
  const tickets = pairs.filter(({ name }) => name === 'ticket');
  if (tickets.length > 1) return err('the parameter "ticket" is given once');
  const ticket = tickets[0]?.value;
  if (ticket !== undefined) return ok({ kind: 'ticket', ticket });
  if (paths.length > 1) return err('the parameter "path" is given once');
  if (paths.length > 0 && pathname !== '/')
    return err('a URL with a path of its own has no parameter "path"');
  const path = parsePath(paths[0]?.value ?? pathname);
  if (!path.ok) return path;
  const own = pairs.filter(({ name }) => name !== 'path').map(({ text }) => text);
  return ok({ kind: 'path', path: path.value, query: escapeQuery(own.join('&')) });
}

/**
 * Reads the query of a URL that has no path of its own and comes decoded, each name with all its values, as API
 * Gateway hands it over. The client's own parameters are written again, so their order and escapes may differ.
 */
export function parseParameters(
  parameters: Readonly<Record<string, readonly string[] | null | undefined>>,
): Result<Target, string> {
  const pairs = Object.entries(parameters).flatMap(([name, values]) =>
    (values ?? []).map((value) => [name, value] as const),
  );
  return parseTarget(`/?${pairs.map((pair) => pair.map(encodeText).join('=')).join('&')}`);
}

/** Half of a surrogate pair has no UTF-8; it is written as the replacement character. */
function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function parsePair(text: string): { name: string; value: string } {
  const [name, value] = cut(text, '=');
  return { name: decodeComponent(name), value: decodeComponent(value) };
}

/** Decodes as `application/x-www-form-urlencoded` does; what can't be decoded stays as it is and fails later. */
function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
