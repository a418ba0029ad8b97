import type { Problem } from './problems.ts';

/** A header of a refusal: its name in the usual spelling, and its value in latin1, valid on the wire. */
export type RefusalHeader = readonly [name: string, value: string];

/** The challenge of the gateway. It asks for a bearer token: a ticket or an API key. RFC 6750 section 3. */
export const bearerChallenge = 'Bearer realm="sockethook"';

/** How long a gateway takes to start again, in seconds. */
export const restartSeconds = 5;

/** The header that a status requires, with its default. RFC 9110 sections 15.5.2, .6, .8 and .22. */
const demanded: ReadonlyMap<number, RefusalHeader> = new Map([
  [401, ['WWW-Authenticate', bearerChallenge]],
  [405, ['Allow', 'GET']],
  // Only proxies send this status. No client has a token for it to leak.
  [407, ['Proxy-Authenticate', bearerChallenge]],
  [426, ['Upgrade', 'websocket']],
]);

const spelling: ReadonlyMap<string, string> = new Map(
  [...demanded.values(), ['Retry-After', '']].map(([name = '']) => [name.toLowerCase(), name]),
);

/** RFC 9110 section 5.5, with no control characters other than the tab. */
const writable = /^[\t\x20-\x7e\x80-\xff]+$/;
/** Limits on the headers kept from the app: the bytes of one, and their number. */
const max = { bytes: 1_024, headers: 8 };

/** The usual spelling of a header that the app may send to a client it refuses. `name` is in lower case. */
export function refusalHeaderName(name: string): string | undefined {
  return spelling.get(name);
}

/** Adds one of the app's headers to those kept, unless it is too long, not valid on the wire, or one too many. */
export function keepRefusalHeader(kept: RefusalHeader[], name: string, value: string): void {
  if (kept.length < max.headers && value.length <= max.bytes && writable.test(value))
    kept.push([name, value]);
}

/**
 * The headers of a refusal: the one that its status requires, from the app or else the default, and `Retry-After`.
 * Empty if the status is not a refusal.
 */
export function refusalHeaders(
  { status, code }: Pick<Problem, 'status' | 'code'>,
  ofApp: readonly RefusalHeader[] = [],
): readonly RefusalHeader[] {
  if (status < 400) return [];
  const ours = demanded.get(status);
  const theirs = ours === undefined ? [] : ofApp.filter(([name]) => name === ours[0]);
  const headers = ours !== undefined && theirs.length === 0 ? [challengeOf(ours, code)] : theirs;
  const stated = ofApp.find(([name]) => name === 'Retry-After')?.[1];
  const again = stated ?? (code === 'shutting_down' ? String(restartSeconds) : undefined);
  return [
    ...headers,
    // RFC 9110 section 7.8: Upgrade is for this hop only, which Connection has to say.
    ...(status === 426 ? [['Connection', 'Upgrade'] as const] : []),
    ...(again === undefined ? [] : [['Retry-After', again] as const]),
  ];
}

/** RFC 6750 section 3.1: the challenge tells an invalid token apart from a missing one. */
function challengeOf([name, value]: RefusalHeader, code: Problem['code']): RefusalHeader {
  return [name, code === 'invalid_ticket' ? `${value}, error="invalid_token"` : value];
}
