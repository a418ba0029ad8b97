import { STATUS_CODES } from 'node:http';
import type { RequestHead } from '../websocket/request-head.ts';
import { readRequestTarget } from '../websocket/request-target.ts';
import { checkUpgrade } from '../websocket/upgrade-check.ts';
import { type ClientHeaders, joinedHeader } from '../wire/client-headers.ts';
import { type Problem, problem, problemType } from '../wire/problems.ts';
import { type RefusalHeader, refusalHeaders } from '../wire/refusal-headers.ts';

/** The problem with an upgrade that is refused before the handshake; a URL has at most `urlLength` characters. */
export function upgradeProblem(head: RequestHead, urlLength: number): Problem | undefined {
  const error = checkUpgrade(head);
  if (error !== undefined) return problem('invalid_upgrade', error);
  return readRequestTarget(head.target).target.length > urlLength
    ? problem('url_too_long', { limit: urlLength })
    : undefined;
}

/** The whole HTTP response of a refusal. `ofApp` are headers of the app for its client, `ours` are the gateway's. */
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

/** The headers of a request, one text per lower-case name. If the target is a whole URL, its host is the `host`. */
export function clientHeaders(head: RequestHead): ClientHeaders {
  // No prototype, since a header may have the name of one of its members.
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
