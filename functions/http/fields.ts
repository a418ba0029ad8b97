import { err, ok, type Result } from '../wire/result.ts';

/** Why headers are not valid on the wire. Node.js uses the same codes. */
export type FieldError = 'ERR_INVALID_HTTP_TOKEN' | 'ERR_INVALID_CHAR';

/** A name (RFC 9110 section 5.6.2), except the headers that the pool writes itself. */
const token = /^(?!(?:connection|content-length|transfer-encoding|host)$)[!#$%&'*+.^`|~\w-]+$/i;
/** The characters that a value can't contain. RFC 9110 section 5.5. */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;

/** Whether a text, with one character per byte, can be the value of a header. */
export function isFieldValue(value: string): boolean {
  return !unwritable.test(value);
}

/**
 * Writes headers as lines for the wire, in latin1. Refuses Host, Connection and the headers that frame the body, and
 * anything that could end a line early.
 */
export function writeFields(headers: Readonly<Record<string, string>>): Result<string, FieldError> {
  let lines = '';
  let at = 0;
  for (const name in headers) {
    const value = headers[name] ?? '';
    const last = recent[at];
    if (at < recentCount && last?.name === name && last.value === value) lines = last.lines;
    else {
      const start = last?.name === name ? last.start : startOf(name);
      if (start === undefined) return err('ERR_INVALID_HTTP_TOKEN');
      if (!isFieldValue(value)) return err('ERR_INVALID_CHAR');
      lines += start + value + lineEnd;
      if (at < maxRecent) remember(at, name, start, value, lines);
    }
    at += 1;
  }
  return ok(lines);
}

const lineEnd = '\r\n';

/** A header, how its line starts, and all lines up to its own. */
interface Written {
  name: string;
  start: string;
  value: string;
  lines: string;
}

/**
 * The last headers that were written, in their order, and how many of them are of the same request. Nearly all requests
 * have the same names, and begin with the same values.
 */
const recent: Written[] = [];
let recentCount = 0;
const maxRecent = 32;

function remember(at: number, name: string, start: string, value: string, lines: string): void {
  const last = recent[at];
  if (last === undefined) recent[at] = { name, start, value, lines };
  else {
    last.name = name;
    last.start = start;
    last.value = value;
    last.lines = lines;
  }
  recentCount = at + 1;
}

/** A cache: the same few names are written with nearly every request. */
const starts = new Map<string, string>();
const maxStarts = 256;

/** How the line of a header starts. Undefined if its name is not valid. */
function startOf(name: string): string | undefined {
  const known = starts.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) return undefined;
  const start = `${name}: `;
  if (starts.size < maxStarts) starts.set(name, start);
  return start;
}

/** Headers that many requests share, checked and written once. */
export class CommonFields {
  readonly #lines: string;

  /** Throws if a header is not valid. The error does not contain its value. */
  constructor(headers: Readonly<Record<string, string>>) {
    const written = writeFields(headers);
    if (!written.ok) throw new Error(`A header can't be written: ${written.error}.`);
    this.#lines = written.value;
  }

  get lines(): string {
    return this.#lines;
  }
}
