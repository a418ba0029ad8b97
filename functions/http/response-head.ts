import { keepRefusalHeader, type RefusalHeader, refusalHeaderName } from '../wire/refusal-headers.ts';

/** How one sees where the body of an answer ends. RFC 9112 section 6.3. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunks' }
  /** With its connection. */
  | { readonly kind: 'rest' };

/** The head of an answer: what it says to us, and what it says of its body and its connection. What is missing is empty. */
export interface Head {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string;
  readonly contentEncoding: string;
  /** What a client may be told whom the app refuses; none but of a refusal. */
  readonly refusal: readonly RefusalHeader[];
  /** `x-amzn-errortype`, by which AWS says what was wrong. */
  readonly errorType: string;
  readonly framing: Framing;
  /** How long the connection may be kept for another request, in milliseconds. */
  readonly keptMs: number;
}

/** How long a connection that nobody uses is kept at most, in milliseconds; few servers hang up as early as this. */
const maxKeptMs = 4_000;
/** A server hangs up at the second that it names; we are through before, by so many milliseconds. */
const marginMs = 1_000;

/** The headers that say something to us; those that are missing are undefined. */
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
/** RFC 9112 section 2.2: lines end in CRLF, and neither half of that stands alone; nor is there a NUL. */
const broken = /\0|\r(?!\n)|(?<!\r)\n/;

/** Whether a text, of whole lines or the beginning of some, can be a head. */
export function isClean(text: string): boolean {
  return !broken.test(text.endsWith('\r') ? text.slice(0, -1) : text);
}

/** Whether a line is a field: a name, a colon, a value. RFC 9112 section 5. */
export function isField(line: string): boolean {
  return token.test(line.slice(0, Math.max(0, line.indexOf(':'))));
}

/** Whether a line goes on with the field before it. RFC 9112 section 5.2. */
export function isFold(line: string): boolean {
  return isBlank(line.charCodeAt(0));
}

/** Heads that were read last: within a second, a server writes the same one again and again. */
const known = new Map<string, Head>();
const maxKnown = 64;
/** The most characters of one that is kept. */
const maxKept = 512;

/** Reads a head, without the empty line at its end. Undefined if it is none, or its body has no certain end. */
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
  // A line that is folded is no field, so that what nearly all servers send is read once.
  return parseLines(text) ?? parseLines(unfold(text));
}

/**
 * RFC 9112 section 5.2: what folds a field is as good as spaces. What follows the status line is none of it, section
 * 2.2: that would be a field without a name.
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
  // One literal: spreading costs more than all that was read.
  return { status, contentType, retryAfter, contentEncoding, refusal, errorType, framing, keptMs };
}

/** RFC 9112 section 5: in each line a name, a colon, a value. No name has a space behind it. */
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

/** RFC 9110 section 5.5: of white space, spaces and tabs alone are not part of a value. */
function valueIn(text: string, from: number, to: number): string {
  let [first, end] = [from, to];
  while (first < end && isBlank(text.charCodeAt(first))) first += 1;
  while (end > first && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(first, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** RFC 9110 section 5.3: a list may stand in several lines; two lengths that differ are none. Else the first counts. */
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

/** A body that is announced where there is none may come all the same, and be taken for the next answer. */
function isAlone(framing: Framing, { length = '0', coding }: Fields): boolean {
  return framing.kind !== 'none' || (Number(length) === 0 && coding === undefined);
}

function framingOf(status: number, isNew: boolean, { length, coding }: Fields): Framing | undefined {
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  if (coding !== undefined) {
    // RFC 9112 section 6.1: both together is how answers are smuggled, and HTTP/1.0 has no codings.
    if (length !== undefined || !isNew || !/^(?:chunked|identity)$/i.test(coding)) return undefined;
  }
  if (status < 200 || status === 204 || status === 304) return { kind: 'none' };
  // RFC 9112 section 6.3: what does not end with chunked ends with its connection. RFC 2616 had identity for that.
  if (coding !== undefined) return { kind: coding.toLowerCase() === 'chunked' ? 'chunks' : 'rest' };
  return length === undefined ? { kind: 'rest' } : { kind: 'length', bytes: Number(length) };
}

/** RFC 9112 section 9.3: HTTP/1.1 keeps a connection unless it says otherwise, HTTP/1.0 only if it says so. */
function keptFor(isNew: boolean, { connection = '', keepAlive = '' }: Fields): number {
  // What nearly all servers say needs no reading.
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
