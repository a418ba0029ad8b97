import { hash } from 'node:crypto';
import { isToken, listOf, type RequestHead, valuesOf } from './request-head.ts';
import { readRequestTarget } from './request-target.ts';

/** Why a request to upgrade to a WebSocket can't be granted. */
export interface UpgradeError {
  /** The header at fault, if it is one. */
  readonly field?: string;
  readonly detail: string;
}

/** RFC 6455 section 4.1: 16 bytes of base64. */
const webSocketKey = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 9110 section 7.2, RFC 3986 section 3.2: a name or an address, and perhaps a port. */
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(?::\d*)?$/;
/** RFC 6455 section 4.2.2. */
const acceptKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Whether a request asks for a WebSocket: RFC 9110 section 7.8 has `Upgrade` as a list, and `Connection` name it. */
export function isWebSocketUpgrade(head: RequestHead): boolean {
  return includes(listOf(head, 'upgrade'), 'websocket') && includes(listOf(head, 'connection'), 'upgrade');
}

/**
 * Checks that a request which asks for a WebSocket is a handshake that can be completed: RFC 6455 section 4.2.1. HTTP/1.0
 * may ask too, though RFC 9110 section 7.8 does not have it, since that is what proxies send which were not told
 * otherwise.
 */
export function checkUpgrade(head: RequestHead): UpgradeError | undefined {
  if (head.method !== 'GET') return { detail: 'A WebSocket handshake is a GET.' };
  return hostError(head) ?? targetError(head) ?? bodyError(head) ?? keyError(head) ?? subprotocolError(head);
}

/** What a server answers to the key of a client: RFC 6455 section 4.2.2. */
export function acceptOf(head: RequestHead): string {
  return hash('sha1', `${valuesOf(head, 'sec-websocket-key')[0] ?? ''}${acceptKey}`, 'base64');
}

/**
 * What is wrong with the `Host` of a request, or with the host that its target names. RFC 9112 section 3.2: a request of
 * HTTP/1.1 has one `Host`, and an older one not several.
 */
export function hostError(head: RequestHead): UpgradeError | undefined {
  const hosts = valuesOf(head, 'host');
  const isRight = hosts.length === 1 ? authority.test(hosts[0] ?? '') : hosts.length === 0 && !head.isNew;
  if (!isRight) return { field: 'Host', detail: 'A request has one Host, a name and perhaps a port.' };
  // RFC 9110 section 4.2: a URL without a host is invalid, and one that names a user is to be taken as an error.
  const named = readRequestTarget(head.target).authority;
  return named === undefined || (/^[^:]/.test(named) && authority.test(named))
    ? undefined
    : { detail: 'A whole URL as the target has a host, perhaps a port, and nothing else before its path.' };
}

/** RFC 9110 sections 4.2.1 and 4.2.4: a URL names a host, and nobody's name stands before it. */
function targetError({ target }: RequestHead): UpgradeError | undefined {
  const { authority: named } = readRequestTarget(target);
  if (named === undefined || (authority.test(named) && !/^(?::|$)/.test(named))) return undefined;
  return { detail: 'The URL of a request has a host, and perhaps a port.' };
}

/** What would come behind the head is frames, not a body. */
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

/** RFC 6455 section 4.1: tokens, none of them twice. RFC 9110 section 5.6.1: of an empty list there is nothing to choose. */
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
