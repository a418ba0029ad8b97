/** The head of an HTTP request, decoded as latin1, one character per byte. RFC 9112 sections 2 to 5. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Whether the version is HTTP/1.1 or a later minor version, rather than HTTP/1.0. */
  readonly isNew: boolean;
  /** Names and values in turn, in the order of arrival. */
  readonly fields: readonly string[];
}

/** RFC 9112 section 3: a method, a target and a version, separated by single spaces. */
const requestLine = /^([!#$%&'*+.^`|~\w-]+) ([!-~\x80-\xff]+) HTTP\/1\.(\d)$/;
const token = /^[!#$%&'*+.^`|~\w-]+$/;
/** RFC 9110 section 5.5: characters that a line can't contain. CR and LF may appear only as CRLF, at its end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for these characters.
const broken = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/**
 * Parses a head, without the empty line at its end. Undefined if it is invalid. A folded line, or one with a space
 * before its colon, is invalid too, since other parsers might read it differently (RFC 9112 sections 5.1 and 5.2).
 */
export function parseRequestHead(text: string): RequestHead | undefined {
  if (broken.test(text)) return undefined;
  const lineEnd = text.indexOf('\r\n');
  const [, method, target, minor] = requestLine.exec(lineEnd < 0 ? text : text.slice(0, lineEnd)) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const fields: string[] = [];
  for (let at = lineEnd < 0 ? text.length : lineEnd + 2; at < text.length; ) {
    const next = text.indexOf('\r\n', at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end) return undefined;
    const name = text.slice(at, colon);
    if (!isToken(name)) return undefined;
    fields.push(name, withoutSpace(text.slice(colon + 1, end)));
    at = end + 2;
  }
  return { method, target, isNew: minor !== '0', fields };
}

/** Whether a text is a token: RFC 9110 section 5.6.2. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** The values of a header, in the order of arrival. `name` is in lower case. */
export function valuesOf({ fields }: RequestHead, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]?.length === name.length && fields[at]?.toLowerCase() === name)
      values.push(fields[at + 1] ?? '');
  }
  return values;
}

/** The elements of a list header. Empty elements do not count: RFC 9110 section 5.6.1. */
export function listOf(head: RequestHead, name: string): string[] {
  return valuesOf(head, name)
    .flatMap((value) => value.split(','))
    .map(withoutSpace)
    .filter((element) => element !== '');
}

/**
 * Removes the spaces and tabs around a text (RFC 9110 section 5.6.3). `trim` would also remove other bytes, such as the
 * 0xa0 at the end of `à` in UTF-8.
 */
function withoutSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
