import { createHash, timingSafeEqual } from 'node:crypto';
import { problem } from '../../wire/problems.ts';
import type { Secrets } from '../ports.ts';
import { type Call, refusal } from './call.ts';

/** Lets a call through to those who bring a live API key as `Authorization: Bearer <key>`, and no one else. */
export function authorized(call: Call): Call {
  return async (gateway, request) => {
    const key = /^Bearer +(\S+) *$/i.exec(request.authorization)?.[1];
    if (key !== undefined && (await isLive(key, gateway.secrets))) return call(gateway, request);
    const detail = 'Send the header "Authorization: Bearer <api key>" with a live key.';
    return refusal(problem('unauthorized', { detail }), { 'WWW-Authenticate': 'Bearer' });
  };
}

async function isLive(key: string, secrets: Secrets): Promise<boolean> {
  const cached = await secrets.apiKeys('cached');
  if (isOneOf(key, cached)) return true;
  const fresh = await secrets.apiKeys('fresh');
  return fresh !== cached && isOneOf(key, fresh);
}

/** Compares digests, which are of one length, in constant time, and all of them. */
function isOneOf(key: string, keys: readonly string[]): boolean {
  const given = digest(key);
  return keys.map((live) => timingSafeEqual(given, digest(live))).includes(true);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
