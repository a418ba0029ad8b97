import { parseRequestHead, type RequestHead } from './request-head.ts';
import { hasBareLf, mayBeginWith } from './request-reader.ts';
import { hostError } from './upgrade-check.ts';

/** A whole POST over HTTP/1.1 with a short body of a known length, and nothing unusual about it. */
export interface SimpleRequest {
  readonly target: string;
  /** By their names in lower case. Each occurs once. */
  readonly headers: ReadonlyMap<string, string>;
  /** A copy. */
  readonly body: Buffer;
  /** How many bytes the request has in all. */
  readonly bytes: number;
}

/** The most bytes of a simple request. */
export const maxSimpleBytes = 65_536;

const post = Buffer.from('POST ');
const length = /^(?:0|[1-9]\d{0,5})$/;
/** Headers that change how a request is read or answered. */
const unusual: ReadonlySet<string> = new Set([
  ...['expect', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'proxy-connection'],
]);

/**
 * Reads a request for a target that is `served`. `more`: it may be one, but has not come in full. Undefined for any
 * other, which a whole HTTP server has to read: nothing is guessed, and nothing is refused here.
 */
export function readSimpleRequest(
  bytes: Buffer,
  headBytes: number,
  served: (target: string) => boolean,
): SimpleRequest | 'more' | undefined {
  if (!mayBeginWith(post, bytes)) return undefined;
  const end = bytes.indexOf('\r\n\r\n');
  if (hasBareLf(bytes, 0, end)) return undefined;
  if (end < 0) return bytes.length <= headBytes ? 'more' : undefined;
  if (end > headBytes) return undefined;
  const text = bytes.toString('latin1', 0, end);
  // Parsers differ on whether a tab may stand behind a length.
  if (text.includes('\t')) return undefined;
  const head = parseRequestHead(text);
  if (head === undefined || !served(head.target)) return undefined;
  if (!text.startsWith(`POST ${head.target} HTTP/1.1\r\n`)) return undefined;
  const headers = simpleHeaders(head);
  const from = end + 4;
  const to = from + Number(headers?.get('content-length'));
  if (headers === undefined || Number.isNaN(to) || to > maxSimpleBytes) return undefined;
  if (bytes.length < to) return 'more';
  return { target: head.target, headers, body: Buffer.from(bytes.subarray(from, to)), bytes: to };
}

/** Undefined if one of them makes the request unusual, or its host is not valid. */
function simpleHeaders(head: RequestHead): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = (head.fields[at] ?? '').toLowerCase();
    const value = head.fields[at + 1] ?? '';
    if (headers.has(name) || unusual.has(name)) return undefined;
    if (name === 'connection' && value.toLowerCase() !== 'keep-alive') return undefined;
    if (name === 'content-length' && !length.test(value)) return undefined;
    headers.set(name, value);
  }
  return hostError(head) === undefined ? headers : undefined;
}
