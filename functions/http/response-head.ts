import { keepRefusalHeader, type RefusalHeader, refusalHeaderName } from '../wire/refusal-headers.ts';

/** How to tell where the body of an answer ends. RFC 9112 section 6.3. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunks' }
  /** The body ends when the connection does. */
  | { readonly kind: 'rest' };

/** The parts of an answer's head that are used. Missing headers are empty. */
export interface Head {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string;
  readonly contentEncoding: string;
  /** The headers that a refused client may get. Empty unless the answer is a refusal. */
  readonly refusal: readonly RefusalHeader[];
  /** `x-amzn-errortype`, in which AWS names the error. */
  readonly errorType: string;
  readonly framing: Framing;
  /** How long the connection may be kept for another request, in milliseconds; 0 if it may not. */
  readonly keptMs: number;
}

/** How long an idle connection is kept at most, in milliseconds. Few servers close one this early. */
const maxKeptMs = 4_000;
/** A server closes the connection at the second that it announced. Stop using it this many milliseconds before. */
const marginMs = 1_000;

/** The headers that are used. Missing ones are undefined. */
interface Fields {
  refusal?: RefusalHeader[];
  contentType?: string;
  retryAfter?: string;
  contentEncoding?: string;
  errorType?: string;
  length?: string;
  coding?: string;
  connection?: string;
  keepAlive?: string;
}

type TextField = Exclude<keyof Fields, 'refusal'>;

const names: ReadonlyMap<string, TextField> = new Map([
  ['content-type', 'contentType'],
  ['retry-after', 'retryAfter'],
  ['content-encoding', 'contentEncoding'],
  ['x-amzn-errortype', 'errorType'],
  ['content-length', 'length'],
  ['transfer-encoding', 'coding'],
  ['connection', 'connection'],
  ['keep-alive', 'keepAlive'],
]);

const noHeaders: readonly RefusalHeader[] = [];

/** RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+.^`|~\w-]+$/;
/** RFC 9112 section 2.2: lines end in CRLF. A bare CR or LF is an error, and so is a NUL. */
const broken = /\0|\r(?!\n)|(?<!\r)\n/;

/** Whether a text, of lines of which the last may be incomplete, can be part of a head. */
export function isClean(text: string): boolean {
  return !broken.test(text.endsWith('\r') ? text.slice(0, -1) : text);
}

/** Whether a line is a field: a name, a colon, a value. RFC 9112 section 5. */
export function isField(line: string): boolean {
  return token.test(line.slice(0, Math.max(0, line.indexOf(':'))));
}

/** Whether a line continues the field before it. RFC 9112 section 5.2. */
export function isFold(line: string): boolean {
  return isBlank(line.charCodeAt(0));
}

/** A cache of recent heads: within a second, a server sends the same one again and again. */
const known = new Map<string, Head>();
const maxKnown = 64;
/** The maximum number of characters of a cached head. */
const maxKept = 512;

/** A head, and the bytes that it was read from, with the empty line at its end. */
interface KnownHead {
  readonly head: Head;
  readonly bytes: Buffer;
}

/** The last head that came in one piece and has at most `maxKept` bytes. */
let last: KnownHead | undefined;

/** The last head, if the bytes from `at` on begin with it. To compare bytes costs less than to make a text of them. */
export function knownHead(bytes: Buffer, at: number): KnownHead | undefined {
  if (last === undefined) return undefined;
  const end = at + last.bytes.length;
  return end <= bytes.length && bytes.compare(last.bytes, 0, last.bytes.length, at, end) === 0
    ? last
    : undefined;
}

/** Remembers a head that was read from the bytes from `from` to `to`. */
export function rememberHead(head: Head, bytes: Buffer, from: number, to: number): void {
  if (to - from <= maxKept) last = { head, bytes: Buffer.from(bytes.subarray(from, to)) };
}

/**
 * Parses a head, without the empty line at its end. Undefined if it is invalid, or the end of its body is ambiguous.
 */
export function parseHead(text: string): Head | undefined {
  const before = known.get(text);
  if (before !== undefined) return before;
  const head = readHead(text);
  if (head === undefined || text.length > maxKept) return head;
  if (known.size >= maxKnown) known.clear();
  known.set(text, head);
  return head;
}

function readHead(text: string): Head | undefined {
  if (broken.test(text)) return undefined;
  // A folded line is not a valid field. Unfolding only after a failure keeps the usual case fast.
  return parseLines(text) ?? parseLines(unfold(text));
}

/**
 * RFC 9112 section 5.2: a fold counts as spaces. Section 2.2: there is nothing to fold right after the status line,
 * since that would be a field without a name.
 */
function unfold(text: string): string {
  const fields = text.indexOf('\r\n') + 2;
  return isFold(text.slice(fields, fields + 1))
    ? ''
    : text.slice(0, fields) + text.slice(fields).replace(/\r\n[ \t]+/g, ' ');
}

function parseLines(text: string): Head | undefined {
  const lineEnd = text.indexOf('\r\n');
  const first = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const [, minor, digits] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?$/.exec(first) ?? [];
  if (digits === undefined) return undefined;
  const status = Number(digits);
  const fields = lineEnd < 0 ? {} : readFields(text, lineEnd + 2, status >= 400);
  if (fields === undefined) return undefined;
  const framing = framingOf(status, minor === '1', fields);
  if (framing === undefined) return undefined;
  const { contentType = '', retryAfter = '', contentEncoding = '', errorType = '' } = fields;
  const keptMs = isAlone(framing, fields) ? keptFor(minor === '1', fields) : 0;
  const refusal = fields.refusal ?? noHeaders;
  // One literal: spreading would cost more than the parsing.
  return { status, contentType, retryAfter, contentEncoding, refusal, errorType, framing, keptMs };
}

/** RFC 9112 section 5: each line has a name, a colon and a value, with no space between name and colon. */
function readFields(text: string, from: number, isRefusal: boolean): Fields | undefined {
  const fields: Fields = {};
  for (let at = from; at < text.length; ) {
    const next = text.indexOf('\r\n', at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(':', at);
    if (colon <= at || colon >= end) return undefined;
    const written = text.slice(at, colon);
    if (!token.test(written)) return undefined;
    const lower = written.toLowerCase();
    const name = names.get(lower);
    if (name !== undefined && !add(fields, name, valueIn(text, colon + 1, end))) return undefined;
    if (isRefusal) addRefusal(fields, lower, text, colon + 1, end);
    at = end + 2;
  }
  return fields;
}

/** RFC 9110 section 5.5: spaces and tabs around a value are not part of it; any other white space is. */
function valueIn(text: string, from: number, to: number): string {
  let [first, end] = [from, to];
  while (first < end && isBlank(text.charCodeAt(first))) first += 1;
  while (end > first && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(first, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * RFC 9110 section 5.3: a list may span several lines. Two different lengths are an error. Otherwise the first line
 * counts.
 */
function add(fields: Fields, name: TextField, value: string): boolean {
  const before = fields[name];
  const isList = name === 'connection' || name === 'coding';
  fields[name] = before !== undefined && isList ? `${before}, ${value}` : (before ?? value);
  return name !== 'length' || fields.length === value;
}

function addRefusal(fields: Fields, lower: string, text: string, from: number, to: number): void {
  const name = refusalHeaderName(lower);
  if (name === undefined) return;
  fields.refusal ??= [];
  keepRefusalHeader(fields.refusal, name, valueIn(text, from, to));
}

/** A body that is announced but not allowed may still arrive, and would be taken for the next answer. */
function isAlone(framing: Framing, { length = '0', coding }: Fields): boolean {
  return framing.kind !== 'none' || (Number(length) === 0 && coding === undefined);
}

function framingOf(status: number, isNew: boolean, { length, coding }: Fields): Framing | undefined {
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  if (coding !== undefined) {
    // RFC 9112 section 6.1: both together are a sign of response smuggling, and HTTP/1.0 has no transfer codings.
    if (length !== undefined || !isNew || !/^(?:chunked|identity)$/i.test(coding)) return undefined;
  }
  if (status < 200 || status === 204 || status === 304) return { kind: 'none' };
  // RFC 9112 section 6.3: a body whose last coding is not chunked ends with its connection. RFC 2616 called it
  // identity.
  if (coding !== undefined) return { kind: coding.toLowerCase() === 'chunked' ? 'chunks' : 'rest' };
  return length === undefined ? { kind: 'rest' } : { kind: 'length', bytes: Number(length) };
}

/** RFC 9112 section 9.3: HTTP/1.1 keeps a connection open unless told to close it, HTTP/1.0 only if told to keep it. */
function keptFor(isNew: boolean, { connection = '', keepAlive = '' }: Fields): number {
  // Fast path: nearly all servers send nothing or exactly this.
  if (!isNew || (connection !== '' && connection !== 'keep-alive')) {
    const options = connection
      .toLowerCase()
      .split(',')
      .map((option) => option.trim());
    if (options.includes('close') || (!isNew && !options.includes('keep-alive'))) return 0;
  }
  const seconds = keepAlive === '' ? undefined : /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return seconds === undefined
    ? maxKeptMs
    : Math.max(0, Math.min(maxKeptMs, Number(seconds) * 1_000 - marginMs));
}
