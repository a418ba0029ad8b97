import type { ServerResponse } from 'node:http';

/** The app's answer to a request. */
export interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  /** The methods that this path accepts. */
  readonly allow?: string;
}

/** The page may load its script and style from here, open WebSockets to any server, and nothing else. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A reply that is one sentence for people to read. */
export function sentence(status: number, text: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Writes a reply and ends the response. */
export function writeReply(response: ServerResponse, { status, type, body, allow }: Reply): void {
  response.writeHead(status, {
    'Content-Security-Policy': contentSecurityPolicy,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    ...(type === undefined ? {} : { 'Content-Type': type }),
    ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...(allow === undefined ? {} : { Allow: allow }),
  });
  response.end(body);
}
