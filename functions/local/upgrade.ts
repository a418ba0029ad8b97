import { STATUS_CODES } from 'node:http';
import type { RequestHead } from '../websocket/request-head.ts';
import { readRequestTarget } from '../websocket/request-target.ts';
import { checkUpgrade } from '../websocket/upgrade-check.ts';
import { type ClientHeaders, joinedHeader } from '../wire/client-headers.ts';
import { type Problem, problem, problemType } from '../wire/problems.ts';
import { type RefusalHeader, refusalHeaders } from '../wire/refusal-headers.ts';

/** Why an upgrade is refused before anybody is asked, if it is; its URL has at most so many characters. */
export function upgradeProblem(head: RequestHead, urlLength: number): Problem | undefined {
  const error = checkUpgrade(head);
  if (error !== undefined) return problem('invalid_upgrade', error);
  return readRequestTarget(head.target).target.length > urlLength
    ? problem('url_too_long', { limit: urlLength })
    : undefined;
}

/** What a client is told that is refused, as it stands on the wire. `ofApp`: what the app says to its client. */
export function refusalResponse(
  refusal: Problem,
  ofApp: readonly RefusalHeader[] = [],
  ours: readonly RefusalHeader[] = [],
): Uint8Array {
  const body = Buffer.from(JSON.stringify(refusal));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    ...(refusal.code === 'invalid_upgrade' ? ['Sec-WebSocket-Version: 13'] : []),
    ...[...ours, ...refusalHeaders(refusal, ofApp)].map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** The headers of a request as one text each, names in lower case; the host of a target that is a whole URL counts. */
export function clientHeaders(head: RequestHead): ClientHeaders {
  // Without a prototype, since any of its names may be that of a header.
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = (head.fields[at] ?? '').toLowerCase();
    const value = head.fields[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : joinedHeader(name, [before, value]);
  }
  const { authority } = readRequestTarget(head.target);
  if (authority !== undefined) headers['host'] = authority;
  return headers;
}
