import type { Problem } from './problems.ts';

/** A header of a refusal: its name in its usual spelling, and its value in latin1, as it may stand on the wire. */
export type RefusalHeader = readonly [name: string, value: string];

/** What says who we are, and that it is by a bearer token, a ticket or an API key, that one is let in. RFC 6750 section 3. */
export const bearerChallenge = 'Bearer realm="sockethook"';

/** How long a gateway takes to start again, in seconds. */
const restartSeconds = '5';

/** The header that a status demands, and what it is here if nobody else says it. RFC 9110 sections 15.5.2, .6, .8, .22. */
const demanded: ReadonlyMap<number, RefusalHeader> = new Map([
  [401, ['WWW-Authenticate', bearerChallenge]],
  [405, ['Allow', 'GET']],
  // Only a proxy asks for this. No program has such a token to give away.
  [407, ['Proxy-Authenticate', bearerChallenge]],
  [426, ['Upgrade', 'websocket']],
]);

const spelling: ReadonlyMap<string, string> = new Map(
  [...demanded.values(), ['Retry-After', '']].map(([name = '']) => [name.toLowerCase(), name]),
);

/** RFC 9110 section 5.5, without controls but for the tab. */
const writable = /^[\t\x20-\x7e\x80-\xff]+$/;
/** The most that is kept of what the app says: bytes of a header, and headers. */
const max = { bytes: 1_024, headers: 8 };

/** The name of a header that a client may be told when the app refuses it, by the same name in lower case. */
export function refusalHeaderName(name: string): string | undefined {
  return spelling.get(name);
}

/** Adds a header of the app's to those kept, unless it is too long, can't stand on the wire, or is one too many. */
export function keepRefusalHeader(kept: RefusalHeader[], name: string, value: string): void {
  if (kept.length < max.headers && value.length <= max.bytes && writable.test(value))
    kept.push([name, value]);
}

/**
 * The headers that go with a refusal: what its status demands, as the app says it, or else as it is here, and when to
 * come again. None for what is no refusal.
 */
export function refusalHeaders(
  { status, code }: Pick<Problem, 'status' | 'code'>,
  ofApp: readonly RefusalHeader[] = [],
): readonly RefusalHeader[] {
  if (status < 400) return [];
  const ours = demanded.get(status);
  const theirs = ours === undefined ? [] : ofApp.filter(([name]) => name === ours[0]);
  const headers = ours !== undefined && theirs.length === 0 ? [challengeOf(ours, code)] : theirs;
  const again =
    code === 'shutting_down' ? restartSeconds : ofApp.find(([name]) => name === 'Retry-After')?.[1];
  return [
    ...headers,
    // RFC 9110 section 7.8: Upgrade is for this hop alone, and says so.
    ...(status === 426 ? [['Connection', 'Upgrade'] as const] : []),
    ...(again === undefined ? [] : [['Retry-After', again] as const]),
  ];
}

/** RFC 6750 section 3.1: a token that is no good is told apart from none. */
function challengeOf([name, value]: RefusalHeader, code: Problem['code']): RefusalHeader {
  return [name, code === 'invalid_ticket' ? `${value}, error="invalid_token"` : value];
}
