import type { ServerResponse } from 'node:http';

/** An answer of the inspector. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The page runs its own scripts, calls its own server, and stands in no other page. */
const safe = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** A reply of one sentence. */
export function textReply(status: number, sentence: string): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${sentence}\n` };
}

/** A reply of a JSON document. */
export function jsonReply(status: number, document: unknown): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(document) };
}

/** Begins an answer with the headers that every answer of the inspector has. */
export function writeHead(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...safe, ...headers });
}

/** Answers. `isHead`: without the body, which is only counted. */
export function writeReply(
  response: ServerResponse,
  { status, headers, body }: Reply,
  isHead: boolean,
): void {
  writeHead(response, status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
  response.end(isHead ? undefined : body);
}
