import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientHeaders } from '../../functions/wire/client-headers.ts';
import { type Problem, problem, problemType } from '../../functions/wire/problems.ts';
import { type RefusalHeader, refusalHeaders } from '../../functions/wire/refusal-headers.ts';

/** RFC 6455 section 4.1: 16 bytes of base64. */
const key = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 6455 section 4.1: tokens of RFC 9110, separated by commas. */
const subprotocols = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;

/**
 * Checks that an upgrade request is a WebSocket handshake (RFC 6455 section 4.2.1) that can be completed once the
 * app has let its client in, and that its URL is not too long; before anybody is asked.
 */
export function checkUpgrade(
  { method, url, headers }: IncomingMessage,
  urlLength: number,
): Problem | undefined {
  const offered = headers['sec-websocket-protocol'];
  const isHandshake =
    method === 'GET' &&
    key.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === '13' &&
    (offered === undefined || (subprotocols.test(offered) && isDistinct(offered)));
  if (!isHandshake) return problem('invalid_upgrade', { detail: 'Connect with a WebSocket of version 13.' });
  return (url ?? '').length > urlLength ? problem('url_too_long', { limit: urlLength }) : undefined;
}

/** Whether an upgrade is to a WebSocket, and to nothing else. */
export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/** Refuses an upgrade with a real HTTP answer, and ends the connection. `ofApp`: what the app says to its client. */
export function refuseUpgrade(
  connection: Duplex,
  refusal: Problem,
  ofApp: readonly RefusalHeader[] = [],
): void {
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(refusal.code === 'invalid_upgrade' ? ['Sec-WebSocket-Version: 13'] : []),
    ...refusalHeaders(refusal, ofApp).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
  connection.end(bytes, () => connection.destroy());
}

/** The headers of a request as one text each; Node.js joins those that came more than once. */
export function clientHeaders({ headers }: IncomingMessage): ClientHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function isDistinct(offered: string): boolean {
  const names = offered.split(',').map((name) => name.trim());
  return new Set(names).size === names.length;
}
