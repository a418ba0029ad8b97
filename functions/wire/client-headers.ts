import { normaliseOrigin } from './page-origin.ts';

/** What a client's upgrade request says of itself; names in lower case. */
export type ClientHeaders = Readonly<Record<string, string | undefined>>;

/**
 * The lines of one header, its name in lower case, as one value: those of a cookie are joined by `; `
 * (RFC 9113 section 8.2.3), any others by `, ` (RFC 9110 section 5.3).
 */
export function joinedHeader(name: string, values: readonly string[]): string {
  return values.join(name === 'cookie' ? '; ' : ', ');
}

/** Passed on with a handshake, so that the app's ordinary code finds them. */
const allowed: Readonly<Record<string, string>> = {
  'user-agent': 'User-Agent',
  'accept-language': 'Accept-Language',
  'sec-websocket-protocol': 'Sec-WebSocket-Protocol',
};

/** Passed on only from a page that could have used them itself. */
const credentials: Readonly<Record<string, string>> = { cookie: 'Cookie', authorization: 'Authorization' };

/** Never passed on, whatever the settings say: ours, the connection's, or read by servers as instructions. */
const reserved =
  /^(?:webhook-.*|websocket-.*|host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|range|if-.*|forwarded|x-forwarded-.*|x-http-method.*|x-method-override|x-original-.*|x-rewrite-.*|sec-websocket-(?:key|version|extensions|accept)|cookie|authorization|origin)$/;

/** Whether the setting `forwardHeaders` may name this header (in lower case): a token without `_`, and not reserved. */
export function isForwardable(name: string): boolean {
  return /^[a-z0-9!#$%&'*+.^`|~-]+$/.test(name) && !reserved.test(name);
}

/** The client's facts that decide what a handshake carries. */
export interface ForwardingRules {
  readonly forwardHeaders: readonly string[];
  readonly allowedOrigins: ReadonlySet<string> | undefined;
}

/**
 * The headers that a handshake hook passes on. `Cookie` and `Authorization` go along only without an `Origin`, or
 * from one of the same host, or from one but `null` that `allowedOrigins` names: else any web page could open a socket in
 * its visitor's name. `peer` is the address of the connection itself.
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

/** The subprotocols that a client offers, in its order. RFC 6455 section 11.3.4. */
export function offeredSubprotocols(client: ClientHeaders): string[] {
  const offered = client['sec-websocket-protocol'] ?? '';
  return offered
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Whether a page of this `Origin` may connect; a client that is no page has none, and may. */
export function isAllowedOrigin(
  origin: string | undefined,
  allowedOrigins: ReadonlySet<string> | undefined,
): boolean {
  return allowedOrigins === undefined || origin === undefined || isNamed(origin, allowedOrigins);
}

/** The set has origins as they are compared; what is no origin is in none. */
function isNamed(origin: string, origins: ReadonlySet<string>): boolean {
  return origins.has(origin) || origins.has(normaliseOrigin(origin) ?? '');
}

function isTrustedOrigin(client: ClientHeaders, allowedOrigins: ReadonlySet<string> | undefined): boolean {
  const { origin, host } = client;
  if (origin === undefined) return true;
  // Any page can have a frame of the origin `null`: naming that lets them in, but not in their visitors' names.
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
