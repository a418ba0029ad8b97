import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readRequestTarget } from '../../websocket/request-target.ts';

/** Where the inspector is, and what opens it. */
export interface Door {
  /** The address that the gateway was told to listen on. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** Headers that a proxy adds. Through a proxy anybody may come, and `Host` and `Origin` may be anything. */
const forwarded = /^(?:forwarded|via|x-forwarded-.*|x-real-ip)$/;

/** What to do when a request is refused. Nothing here depends on the token. */
const advice = {
  forwarded: 'Open the inspector on this machine, and not through a proxy.',
  host: 'Open the inspector by the URL that the gateway printed when it started.',
  origin: 'Use the forms of the inspector: a request from another page is refused.',
} as const;

/** What anybody is told who has no token, or a wrong one. */
export const openPrintedUrl = advice.host;

/**
 * Why a request is refused whatever its token, in one sentence that says what to do; undefined if it isn't. The name in
 * `Host` is checked so that no page gets in by a name of its own that leads to this machine (DNS rebinding).
 */
export function refusalOf(request: IncomingMessage, door: Door): string | undefined {
  const { headers } = request;
  if (Object.keys(headers).some((name) => forwarded.test(name))) return advice.forwarded;
  const host = headers.host?.toLowerCase() ?? '';
  const { target, authority } = readRequestTarget(request.url ?? '');
  if (!isOurs(host, door) || (authority !== undefined && authority.toLowerCase() !== host))
    return advice.host;
  const { origin, 'sec-fetch-site': site } = headers;
  if (request.method === 'POST' && origin === undefined) return advice.origin;
  if (origin !== undefined && origin !== `http://${host}`) return advice.origin;
  return isSameSite(request.method, target, site) ? undefined : advice.origin;
}

/** Whether a request carries the cookie of this door. Each is compared in constant time. */
export function hasCookie({ headers }: IncomingMessage, door: Door): boolean {
  const start = `${cookieName(door)}=`;
  const given = (headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  return given
    .filter((cookie) => cookie.startsWith(start))
    .some((cookie) => isToken(cookie.slice(start.length), door));
}

/** Compares in constant time, so that timing reveals nothing but the length. */
export function isToken(given: string, { token }: Door): boolean {
  const [ours, theirs] = [Buffer.from(token), Buffer.from(given)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

/** The cookie that the token is exchanged for. Browsers keep one jar for all ports of a host, so its name has the port. */
export function cookieOf(door: Door): string {
  return `${cookieName(door)}=${door.token}; HttpOnly; SameSite=Strict; Path=/inspector`;
}

function cookieName({ port }: Door): string {
  return `sockethook_inspector_${port}`;
}

function isOurs(given: string, { host, port }: Door): boolean {
  const configured = host.includes(':') ? `[${host}]` : host;
  return ['localhost', '127.0.0.1', '[::1]', configured.toLowerCase()].some(
    // RFC 9110 section 4.2.1: without a port it is 80.
    (name) => given === `${name}:${port}` || (port === 80 && given === name),
  );
}

/**
 * Pages on other ports of this host are of the same site, so their requests carry the cookie. A link to the page itself
 * may stand anywhere.
 */
function isSameSite(method = '', target: string, site: string | string[] | undefined): boolean {
  if (site === undefined || site === 'same-origin') return true;
  if (method === 'POST') return false;
  return site === 'none' || /^\/inspector(?:$|\?)/.test(target);
}
