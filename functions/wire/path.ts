import { limits } from './limits.ts';
import { byteLength, isWellFormed } from './printable.ts';
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;
declare const normal: unique symbol;

/** The path that a client connected to, with its escapes: safe to append to the app's base URL. */
export type ClientPath = string & { readonly [brand]: 'ClientPath' };

/** A path in normal form, for comparing and looking up. */
export type NormalPath = ClientPath & { readonly [normal]: 'NormalPath' };

/** RFC 3986 section 3.3: `/` and pchar, which is unreserved, pct-encoded, sub-delims, `:` and `@`. */
const pathCharacters = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
/** A path of names without escapes or dots, as most are. No rule can be broken in it but that of its length. */
const plainPath = /^(?:\/[A-Za-z0-9_-]+)+$/;
const notInPath = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%\p{Surrogate}]/gu;
/**
 * RFC 3986 section 3.4: a query may also contain `/` and `?`. A stray `%` stays, since the query belongs to the client.
 */
const notInQuery = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/gu;
/** A lone surrogate has no UTF-8 form, so it is replaced by U+FFFD. */
const loneSurrogate = /\p{Surrogate}/gu;
const controlOrBackslash = /[\p{Cc}\\]/u;

/**
 * Parses a client's path. It must begin with `/`, consist of at most 1,024 bytes of RFC 3986 path characters, decode to
 * UTF-8 without control characters or backslashes, and have no segment that a server could resolve as `.` or `..`. The
 * error says which rule was broken.
 */
export function parsePath(text: string): Result<ClientPath, string> {
  if (!text.startsWith('/')) return err('a path begins with "/"');
  if (byteLength(text) > limits.pathBytes) return err(`a path is at most ${limits.pathBytes} bytes`);
  if (plainPath.test(text)) return ok(text as ClientPath);
  if (!pathCharacters.test(text)) return err('a path holds only RFC 3986 path characters and valid escapes');
  const decoded = decode(text);
  if (decoded === undefined) return err('the escapes of a path are UTF-8');
  if (controlOrBackslash.test(decoded)) return err('a path has no control characters and no backslash');
  const badSegment = decoded.slice(1).split('/').find(isBadSegment);
  return badSegment === undefined
    ? ok(text as ClientPath)
    : err('no segment of a path is empty (but the last), "." or ".."');
}

/** Servlet containers cut a segment at `;` before they resolve it, so `..;x` counts as `..`, and `;x` as empty. */
function isBadSegment(segment: string, index: number, segments: readonly string[]): boolean {
  const name = segment.split(';', 1)[0];
  return name === '.' || name === '..' || (name === '' && (segment !== '' || index < segments.length - 1));
}

/** RFC 3986 section 2.3. */
const unreserved = /[A-Za-z0-9\-._~]/;

/**
 * Normalises a path (RFC 3986 section 6.2.2): escapes are in upper case, and unreserved characters are not escaped. An
 * escaped slash, like any other reserved character, stays escaped.
 */
export function normalisePath(path: ClientPath): NormalPath {
  return (path.includes('%') ? path.replace(/%[0-9A-Fa-f]{2}/g, normaliseEscape) : path) as NormalPath;
}

function normaliseEscape(written: string): string {
  const character = String.fromCharCode(Number.parseInt(written.slice(1), 16));
  return unreserved.test(character) ? character : written.toUpperCase();
}

/** Adds a leading `/` if there is none, and escapes what a path can't contain. `parsePath` checks the result. */
export function escapePath(text: string): string {
  return percentEncode(text.startsWith('/') ? text : `/${text}`, notInPath);
}

/** Escapes what an RFC 3986 query can't contain, and leaves the rest unchanged. */
export function escapeQuery(text: string): string {
  return percentEncode(text.replace(loneSurrogate, '\ufffd'), notInQuery);
}

/**
 * Parses a path as an app writes it, with or without a query, such as `foo` or `/foo bar?x=1`. Escapes what needs it.
 */
export function parsePathAndQuery(text: string): Result<{ path: ClientPath; query: string }, string> {
  if (!isWellFormed(text)) return err('a path is well-formed Unicode');
  const [path, query] = cut(text, '?');
  const parsed = parsePath(escapePath(path));
  return parsed.ok ? ok({ path: parsed.value, query: escapeQuery(query) }) : parsed;
}

/** Splits a text at the first mark. Without a mark, all of it comes before. */
export function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}

function percentEncode(text: string, outside: RegExp): string {
  return text.replace(outside, (character) => encodeURIComponent(character));
}

/** Decodes percent escapes. Undefined if they are not UTF-8. */
export function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
