import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;

/** A symmetric key that signs hooks, made from a `whsec_` secret. */
export type SigningKey = KeyObject & { readonly [brand]: 'SigningKey' };

/** Standard Webhooks, "Symmetric": between 24 and 64 bytes. */
const keyBytes = { min: 24, max: 64 };
const secretText = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/;

/**
 * The maximum difference between the clocks of signer and verifier, in seconds; the same as in the published libraries.
 */
export const toleranceSeconds = 300;

/** Parses a secret: `whsec_`, which may be missing, and the base64 of 24 to 64 bytes. */
export function parseSigningKey(secret: string): Result<SigningKey, string> {
  const base64 = secretText.exec(secret)?.[1];
  if (base64 === undefined) return err('a webhook secret is "whsec_" followed by base64');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < keyBytes.min || bytes.length > keyBytes.max) {
    return err(`a webhook secret holds ${keyBytes.min} to ${keyBytes.max} bytes`);
  }
  return ok(createSecretKey(bytes) as SigningKey);
}

/** The signed parts of a request: `{id}.{timestamp}.{body}` (Standard Webhooks, "Signature scheme"). */
export interface Signed {
  readonly id: string;
  /** When this attempt was made, in whole seconds since 1970. */
  readonly timestamp: number;
  readonly body: string | Uint8Array;
}

/** The parts of an HTTP request that are verified: its three headers, undefined where missing, and its raw body. */
export interface Presented {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: string | Uint8Array;
}

/** Why a request fails verification: no signature, a timestamp too far off, or no valid signature. */
export type SignatureError = 'unsigned' | 'stale' | 'forged';

/**
 * Verifies a signed request. One valid `v1` signature under any of the keys is enough. Compares in constant time. `now`
 * is in milliseconds since 1970. A timestamp more than `tolerance` seconds from it, in either direction, is stale.
 */
export function verify(
  presented: Presented,
  keys: readonly SigningKey[],
  now: number,
  tolerance: number = toleranceSeconds,
): Result<Signed, SignatureError> {
  const { id, body } = presented;
  if (!id || !presented.signature || !/^\d{1,12}$/.test(presented.timestamp ?? '')) return err('unsigned');
  const timestamp = Number(presented.timestamp);
  if (Math.abs(now / 1000 - timestamp) > tolerance) return err('stale');
  const signed: Signed = { id, timestamp, body };
  const given = presented.signature
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .map((part) => Buffer.from(part.slice(3), 'base64'));
  const good = keys.map((key) => hmac(signed, key).digest());
  return good.some((ours) => given.some((theirs) => isSame(ours, theirs))) ? ok(signed) : err('forged');
}

function hmac({ id, timestamp, body }: Signed, key: SigningKey) {
  const hmac = createHmac('sha256', key);
  const head = `${id}.${timestamp}.`;
  return typeof body === 'string' ? hmac.update(head + body) : hmac.update(head).update(body);
}

function isSame(ours: Buffer, theirs: Buffer): boolean {
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
