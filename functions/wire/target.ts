import { type ClientPath, cut, escapeQuery, parsePath } from './path.ts';
import { err, ok, type Result } from './result.ts';

/** The target that a client connects to: a path with the client's own query, or the target of its ticket. */
export type Target =
  | { readonly kind: 'path'; readonly path: ClientPath; readonly query: string }
  | { readonly kind: 'ticket'; readonly ticket: string };

/**
 * Parses the request target of an upgrade: `/foo/bar?x=1`, `/?path=%2Ffoo%2Fbar&x=1` or `/?ticket=...`. The parameters
 * `path` and `ticket` belong to the gateway and are removed. With a ticket, the client's own path and query are
 * dropped. Refuses a path that `parsePath` refuses, and a path or ticket given twice.
 */
export function parseTarget(target: string): Result<Target, string> {
  const [pathname, query] = cut(target, '?');
  if (query === '') return pathTarget(pathname, '');
  const pairs = query.split('&').map((text) => ({ text, ...parsePair(text) }));
  const paths = pairs.filter(({ name }) => name === 'path');
  const tickets = pairs.filter(({ name }) => name === 'ticket');
  if (tickets.length > 1) return err('the parameter "ticket" is given once');
  const ticket = tickets[0]?.value;
  if (ticket !== undefined) return ok({ kind: 'ticket', ticket });
  if (paths.length > 1) return err('the parameter "path" is given once');
  if (paths.length > 0 && pathname !== '/')
    return err('a URL with a path of its own has no parameter "path"');
  const own = pairs.filter(({ name }) => name !== 'path').map(({ text }) => text);
  return pathTarget(paths[0]?.value ?? pathname, escapeQuery(own.join('&')));
}

function pathTarget(text: string, query: string): Result<Target, string> {
  const path = parsePath(text);
  return path.ok ? ok({ kind: 'path', path: path.value, query }) : path;
}

/**
 * Parses the decoded query of a URL without a path, each name with all its values, as API Gateway delivers it. The
 * client's own parameters are encoded again, so their order and escapes may differ.
 */
export function parseParameters(
  parameters: Readonly<Record<string, readonly string[] | null | undefined>>,
): Result<Target, string> {
  const pairs = Object.entries(parameters).flatMap(([name, values]) =>
    (values ?? []).map((value) => [name, value] as const),
  );
  return parseTarget(`/?${pairs.map((pair) => pair.map(encodeText).join('=')).join('&')}`);
}

/** A lone surrogate has no UTF-8 form, so it is replaced by U+FFFD. */
function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function parsePair(text: string): { name: string; value: string } {
  const [name, value] = cut(text, '=');
  return { name: decodeComponent(name), value: decodeComponent(value) };
}

/** Decodes as `application/x-www-form-urlencoded` does. Text that can't be decoded stays as it is, and fails later. */
function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
