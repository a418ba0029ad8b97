/** The head of an HTTP request, as it stands on the wire; bytes are characters of latin1. RFC 9112 sections 2 to 5. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Whether it speaks HTTP/1.1, or what comes after; else HTTP/1.0. */
  readonly isNew: boolean;
  /** Names and values in turn, in the order in which they came. */
  readonly fields: readonly string[];
}

/** RFC 9112 section 3: a method, a target and a version, each behind one space. */
const requestLine = /^([!#$%&'*+.^`|~\w-]+) ([!-~\x80-\xff]+) HTTP\/1\.(\d)$/;
const token = /^[!#$%&'*+.^`|~\w-]+$/;
/** RFC 9110 section 5.5: what no line has; CR and LF only as its end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const broken = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/**
 * Reads a head, without the empty line at its end. Undefined if it is none: a line that is folded, or has a space before
 * its colon, is none either, since others might read it in another way (RFC 9112 sections 5.1 and 5.2).
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

/** The values of a header, in the order in which they came; `name` in lower case. */
export function valuesOf({ fields }: RequestHead, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]?.length === name.length && fields[at]?.toLowerCase() === name)
      values.push(fields[at + 1] ?? '');
  }
  return values;
}

/** The elements of a header that is a list: RFC 9110 section 5.6.1, empty ones do not count. */
export function listOf(head: RequestHead, name: string): string[] {
  return valuesOf(head, name)
    .flatMap((value) => value.split(','))
    .map(withoutSpace)
    .filter((element) => element !== '');
}

/** A text without the spaces and tabs around it: RFC 9110 section 5.6.3. Any other byte is part of it, such as that of `à`. */
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
