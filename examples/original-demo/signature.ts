import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The maximum difference between the clocks of gateway and app. */
const toleranceSeconds = 300;

/** Parses a webhook secret, `whsec_` followed by base64. Undefined if it is not one. */
export function parseWebhookKey(secret: string): Uint8Array | undefined {
  const base64 = /^(?:whsec_)?([A-Za-z0-9+/]{32,}={0,2})$/.exec(secret)?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/**
 * Whether a request is signed with this key, as standardwebhooks.com specifies: over its id, its timestamp and its raw
 * body. The timestamp must be within 5 minutes of `now`, which is in milliseconds.
 */
export function isSigned(
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  key: Uint8Array,
  now: number,
): boolean {
  const id = text(headers, 'webhook-id');
  const timestamp = text(headers, 'webhook-timestamp');
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return text(headers, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice('v1,'.length), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

function text(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}
