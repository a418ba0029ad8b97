import { hash } from 'node:crypto';
import { isToken, listOf, type RequestHead, valuesOf } from './request-head.ts';
import { readRequestTarget } from './request-target.ts';

/** Why a request for a WebSocket is refused. */
export interface UpgradeError {
  /** The header at fault, if there is one. */
  readonly field?: string;
  readonly detail: string;
}

/** RFC 6455 section 4.1: 16 bytes of base64. */
const webSocketKey = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 9110 section 7.2, RFC 3986 section 3.2: a name or an address, with or without a port. */
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(?::\d*)?$/;
/** RFC 6455 section 4.2.2. */
const acceptKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Whether a request asks for a WebSocket. RFC 9110 section 7.8: `Upgrade` is a list, and `Connection` must name it. */
export function isWebSocketUpgrade(head: RequestHead): boolean {
  return includes(listOf(head, 'upgrade'), 'websocket') && includes(listOf(head, 'connection'), 'upgrade');
}

/**
 * Checks that a request for a WebSocket is a complete handshake (RFC 6455 section 4.2.1). Accepts HTTP/1.0 too, despite
 * RFC 9110 section 7.8, because some proxies send it by default.
 */
export function checkUpgrade(head: RequestHead): UpgradeError | undefined {
  if (head.method !== 'GET') return { detail: 'A WebSocket handshake is a GET.' };
  return hostError(head) ?? targetError(head) ?? bodyError(head) ?? keyError(head) ?? subprotocolError(head);
}

/** The server's answer to the client's key: RFC 6455 section 4.2.2. */
export function acceptOf(head: RequestHead): string {
  return hash('sha1', `${valuesOf(head, 'sec-websocket-key')[0] ?? ''}${acceptKey}`, 'base64');
}

/**
 * Checks the `Host` of a request, and the host that its target names. RFC 9112 section 3.2: an HTTP/1.1 request has
 * exactly one `Host`, and an older one at most one.
 */
export function hostError(head: RequestHead): UpgradeError | undefined {
  const hosts = valuesOf(head, 'host');
  const isRight = hosts.length === 1 ? authority.test(hosts[0] ?? '') : hosts.length === 0 && !head.isNew;
  if (!isRight) return { field: 'Host', detail: 'A request has one Host, a name and perhaps a port.' };
  // RFC 9110 section 4.2: a URL without a host is invalid, and one with user information is an error.
  const named = readRequestTarget(head.target).authority;
  return named === undefined || (/^[^:]/.test(named) && authority.test(named))
    ? undefined
    : { detail: 'A whole URL as the target has a host, perhaps a port, and nothing else before its path.' };
}

/** RFC 9110 sections 4.2.1 and 4.2.4: a URL has a host, and no user information. */
function targetError({ target }: RequestHead): UpgradeError | undefined {
  const { authority: named } = readRequestTarget(target);
  if (named === undefined || (authority.test(named) && !/^(?::|$)/.test(named))) return undefined;
  return { detail: 'The URL of a request has a host, and perhaps a port.' };
}

/** The bytes after the head are frames, not a body. */
function bodyError(head: RequestHead): UpgradeError | undefined {
  const lengths = valuesOf(head, 'content-length');
  if (lengths.every((length) => /^0+$/.test(length)) && valuesOf(head, 'transfer-encoding').length === 0)
    return undefined;
  return { field: 'Content-Length', detail: 'A WebSocket handshake has no body.' };
}

function keyError(head: RequestHead): UpgradeError | undefined {
  const versions = valuesOf(head, 'sec-websocket-version');
  if (versions.length !== 1 || versions[0] !== '13')
    return { field: 'Sec-WebSocket-Version', detail: 'Connect with a WebSocket of version 13.' };
  const keys = valuesOf(head, 'sec-websocket-key');
  if (keys.length === 1 && webSocketKey.test(keys[0] ?? '')) return undefined;
  return { field: 'Sec-WebSocket-Key', detail: 'Sec-WebSocket-Key is 16 bytes in base64, once.' };
}

/** RFC 6455 section 4.1: the subprotocols are distinct tokens. RFC 9110 section 5.6.1: a list may not be empty. */
function subprotocolError(head: RequestHead): UpgradeError | undefined {
  if (valuesOf(head, 'sec-websocket-protocol').length === 0) return undefined;
  const offered = listOf(head, 'sec-websocket-protocol');
  const field = 'Sec-WebSocket-Protocol';
  if (offered.length === 0) return { field, detail: `${field} names no subprotocol.` };
  if (!offered.every(isToken)) return { field, detail: `${field} has a name that is no token.` };
  if (new Set(offered).size < offered.length) return { field, detail: `${field} names a subprotocol twice.` };
  return undefined;
}

function includes(list: readonly string[], name: string): boolean {
  return list.some((element) => element.toLowerCase() === name);
}
