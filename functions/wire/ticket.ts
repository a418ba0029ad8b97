import { jwtVerify, SignJWT } from 'jose';
import { limits } from './limits.ts';
import { type ClientPath, parsePathAndQuery } from './path.ts';
import { fault, ok, type Result } from './result.ts';
import { parseUser } from './user.ts';

declare const brand: unique symbol;

/** A key that tickets are minted and verified with. */
export type UrlKey = Uint8Array & { readonly [brand]: 'UrlKey' };

/** Reads a URL key: at least 32 bytes of text, since RFC 7518 section 3.2 asks of HS256 a key of 256 bits. */
export function parseUrlKey(text: string): Result<UrlKey, string> {
  const bytes = new TextEncoder().encode(text);
  return bytes.length >= 32 ? ok(bytes as UrlKey) : fault('a URL key is at least 32 characters');
}

/** What a ticket lets its bearer do: connect to this path as this user, until it expires. */
export interface Ticket {
  readonly path: ClientPath;
  readonly query: string;
  /** Empty for nobody in particular. */
  readonly user: string;
}

/** Mints a ticket, a JWT (HS256) with `path`, `sub` and `exp`; `expiresAt` is in whole seconds since 1970. */
export function mintTicket(ticket: Ticket, expiresAt: number, key: UrlKey): Promise<string> {
  const { path, query, user } = ticket;
  const jwt = new SignJWT({ path: query === '' ? path : `${path}?${query}` })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(expiresAt);
  return (user === '' ? jwt : jwt.setSubject(user)).sign(key);
}

/**
 * Verifies a ticket under any of the keys at `now`, milliseconds since 1970. Another algorithm than HS256, a bad
 * signature, a missing or passed `exp`, or a path or user that we would not have minted is a fault.
 */
export async function verifyTicket(
  token: string,
  keys: readonly UrlKey[],
  now: number,
): Promise<Result<Ticket, string>> {
  if (token.length > limits.urlLength) return fault('the ticket is too long');
  for (const key of keys) {
    const payload = await claims(token, key, now);
    if (payload !== undefined) return read(payload);
  }
  return fault('the ticket is not signed by a live key, or has expired');
}

async function claims(token: string, key: UrlKey, now: number): Promise<Record<string, unknown> | undefined> {
  try {
    const options = { algorithms: ['HS256'], requiredClaims: ['path', 'exp'], currentDate: new Date(now) };
    return (await jwtVerify(token, key, options)).payload;
  } catch {
    return undefined;
  }
}

function read(payload: Record<string, unknown>): Result<Ticket, string> {
  const { path, sub = '' } = payload;
  if (typeof path !== 'string' || typeof sub !== 'string')
    return fault('the claims of the ticket are not text');
  const target = parsePathAndQuery(path);
  if (!target.ok) return target;
  const user = parseUser(sub);
  return user.ok ? ok({ ...target.value, user: user.value }) : user;
}
