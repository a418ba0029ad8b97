import { normaliseOrigin } from './page-origin.ts';

/** The headers of a client's upgrade request. Names are in lower case. */
export type ClientHeaders = Readonly<Record<string, string | undefined>>;

/**
 * Joins the lines of one header into one value; `name` is in lower case. Cookies are joined by `; ` (RFC 9113 section
 * 8.2.3), all others by `, ` (RFC 9110 section 5.3).
 */
export function joinedHeader(name: string, values: readonly string[]): string {
  return values.join(name === 'cookie' ? '; ' : ', ');
}

/** Forwarded with a handshake, where the app's ordinary code expects them. */
const allowed: Readonly<Record<string, string>> = {
  'user-agent': 'User-Agent',
  'accept-language': 'Accept-Language',
  'sec-websocket-protocol': 'Sec-WebSocket-Protocol',
};

/** Forwarded only from a page that could have used them itself. */
const credentials: Readonly<Record<string, string>> = { cookie: 'Cookie', authorization: 'Authorization' };

/** Never forwarded: they are the gateway's own, belong to the connection, or are instructions to servers. */
const reserved =
  /^(?:webhook-.*|websocket-.*|host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|range|if-.*|forwarded|x-forwarded-.*|x-http-method.*|x-method-override|x-original-.*|x-rewrite-.*|sec-websocket-(?:key|version|extensions|accept)|cookie|authorization|origin)$/;

/**
 * Whether the setting `forwardHeaders` may name this header, in lower case: a token without `_` that is not reserved.
 */
export function isForwardable(name: string): boolean {
  return /^[a-z0-9!#$%&'*+.^`|~-]+$/.test(name) && !reserved.test(name);
}

/** The settings that decide which headers a handshake forwards. */
export interface ForwardingRules {
  readonly forwardHeaders: readonly string[];
  readonly allowedOrigins: ReadonlySet<string> | undefined;
}

/**
 * The headers that a handshake hook forwards. `Cookie` and `Authorization` are forwarded only if there is no `Origin`,
 * if its host is the gateway's, or if `allowedOrigins` names it and it is not `null`. Otherwise any web page could open
 * a socket in its visitor's name. `peer` is the address of the connection itself.
 */
export function forwardedHeaders(
  client: ClientHeaders,
  peer: string,
  rules: ForwardingRules,
): Record<string, string> {
  const extra = Object.fromEntries(rules.forwardHeaders.map((name) => [name, name]));
  const trusted = isTrustedOrigin(client, rules.allowedOrigins) ? credentials : {};
  const names = Object.entries({ ...extra, ...allowed, ...trusted });
  const present = names.flatMap(([name, written]): [string, string][] => {
    const value = Object.hasOwn(client, name) ? client[name] : undefined;
    return value === undefined ? [] : [[written, value]];
  });
  return { ...Object.fromEntries(present), 'X-Forwarded-For': peer };
}

/** The subprotocols that a client offers, in its order of preference. RFC 6455 section 11.3.4. */
export function offeredSubprotocols(client: ClientHeaders): string[] {
  const offered = client['sec-websocket-protocol'] ?? '';
  return offered
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Whether a page of this origin may connect. A client that is not a web page has no `Origin`, and may connect. */
export function isAllowedOrigin(
  origin: string | undefined,
  allowedOrigins: ReadonlySet<string> | undefined,
): boolean {
  return allowedOrigins === undefined || origin === undefined || isNamed(origin, allowedOrigins);
}

/** The set holds normalised origins, so text that is not an origin never matches. */
function isNamed(origin: string, origins: ReadonlySet<string>): boolean {
  return origins.has(origin) || origins.has(normaliseOrigin(origin) ?? '');
}

function isTrustedOrigin(client: ClientHeaders, allowedOrigins: ReadonlySet<string> | undefined): boolean {
  const { origin, host } = client;
  if (origin === undefined) return true;
  // Any page can embed a frame of the origin `null`. Allowing that origin lets it connect, but without credentials.
  if (origin === 'null') return false;
  if (allowedOrigins !== undefined && isNamed(origin, allowedOrigins)) return true;
  const page = hostName(origin);
  return page !== undefined && page === hostName(`http://${host ?? ''}`);
}

function hostName(url: string): string | undefined {
  try {
    return new URL(url).hostname || undefined;
  } catch {
    return undefined;
  }
}
