import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { type GroupName, isWithinLimits, parseGroup } from './group.ts';
import { limits } from './limits.ts';
import { type ClientPath, parsePathAndQuery } from './path.ts';
import { err, ok, type Result } from './result.ts';
import { parseUser } from './user.ts';

declare const brand: unique symbol;

/** A key that tickets are minted and verified with. */
export type UrlKey = Uint8Array & { readonly [brand]: 'UrlKey' };

/** Reads a URL key: at least 32 bytes of text, since RFC 7518 section 3.2 requires 256 bits for HS256. */
export function parseUrlKey(text: string): Result<UrlKey, string> {
  const bytes = new TextEncoder().encode(text);
  return bytes.length >= 32 ? ok(bytes as UrlKey) : err('a URL key is at least 32 characters');
}

/** The permission that a ticket gives its bearer: to connect to this path as this user until it expires. */
export interface Ticket {
  readonly path: ClientPath;
  readonly query: string;
  /** Empty for no particular user. */
  readonly user: string;
  /** The groups that the socket joins when the app has accepted it. */
  readonly groups: readonly GroupName[];
}

/**
 * Mints a ticket, a JWT (HS256) with `path`, `exp`, and `sub` and `groups` if they are not empty. `expiresAt` is in whole
 * seconds since 1970.
 */
export function mintTicket(ticket: Ticket, expiresAt: number, key: UrlKey): Promise<string> {
  const { path, query, user, groups } = ticket;
  const target = query === '' ? path : `${path}?${query}`;
  const jwt = new SignJWT(groups.length === 0 ? { path: target } : { path: target, groups })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(expiresAt);
  return (user === '' ? jwt : jwt.setSubject(user)).sign(key);
}

/** How many seconds the clock of the minter may differ from ours. */
const leewaySeconds = 60;

/**
 * Verifies a ticket under any of the keys at `now`, milliseconds since 1970. The error says which rule the ticket
 * breaks: no JWT; an algorithm other than HS256; no signature by a live key; `exp` missing, passed or too far away; not
 * valid yet by `nbf` or `iat`; a path, user or groups that we would not mint. The error repeats nothing of the ticket.
 */
export async function verifyTicket(
  token: string,
  keys: readonly UrlKey[],
  now: number,
): Promise<Result<Ticket, string>> {
  if (token.length > limits.urlLength) return err('the ticket is too long');
  for (const key of keys) {
    const payload = await claims(token, key, now);
    if (payload === undefined) continue;
    return payload.ok ? read(payload.value) : payload;
  }
  return err('no live key has signed the ticket');
}

/** The claims of a ticket, if this key signed it and its times are valid; undefined if this key did not sign it. */
async function claims(
  token: string,
  key: UrlKey,
  now: number,
): Promise<Result<Record<string, unknown>, string> | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      requiredClaims: ['path', 'exp'],
      currentDate: new Date(now),
      clockTolerance: leewaySeconds,
    });
    const broken = brokenTime(payload, now / 1000);
    return broken === undefined ? ok(payload) : err(broken);
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
    return err(whyNot(error));
  }
}

/** RFC 7519 section 4.1: checks `exp`, in seconds since 1970, and `iat` if there is one. `exp` has no leeway. */
function brokenTime({ exp, iat }: JWTPayload, now: number): string | undefined {
  const longest = limits.ticketSeconds + leewaySeconds;
  if (exp === undefined || exp <= now) return 'the ticket has expired';
  if (exp - now > longest || (iat !== undefined && exp - iat > longest))
    return `the ticket lives too long: "exp" is at most ${limits.ticketSeconds} seconds away, in seconds since 1970`;
  return iat !== undefined && iat - now > leewaySeconds ? notYet : undefined;
}

const notYet = 'the ticket is not valid yet';

function whyNot(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the ticket has expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the ticket is not signed by HS256';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'the ticket is not a signed JWT';
  if (error.reason === 'check_failed') return notYet;
  return error.reason === 'missing'
    ? `the ticket has no claim "${error.claim}"`
    : `the claim "${error.claim}" of the ticket is not a number`;
}

function read(payload: Record<string, unknown>): Result<Ticket, string> {
  const { path, sub = '' } = payload;
  if (typeof path !== 'string' || typeof sub !== 'string')
    return err('the claims of the ticket are not text');
  const target = parsePathAndQuery(path);
  if (!target.ok) return target;
  const user = parseUser(sub);
  if (!user.ok) return user;
  const groups = readGroups(payload['groups']);
  return groups.ok ? ok({ ...target.value, user: user.value, groups: groups.value }) : groups;
}

function readGroups(claim: unknown): Result<readonly GroupName[], string> {
  if (claim === undefined) return ok([]);
  // The same limit as for a list of groups in an answer.
  if (Array.isArray(claim) && claim.length > limits.groups) return err(tooManyGroups);
  const names = new Set<GroupName>();
  for (const text of Array.isArray(claim) ? claim : [undefined]) {
    if (typeof text !== 'string') return err('the claim "groups" of the ticket is not a list of texts');
    const name = parseGroup(text);
    if (!name.ok) return name;
    names.add(name.value);
  }
  return isWithinLimits([...names]) ? ok([...names]) : err(tooManyGroups);
}

/** Why groups are refused that no socket can be in together. */
export const tooManyGroups = `a socket is in at most ${limits.groups} groups, whose names are at most ${limits.groupsBytes} bytes together`;
