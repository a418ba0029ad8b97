import { timingSafeEqual } from 'node:crypto';
import { problem } from '../../wire/problems.ts';
import { bearerChallenge } from '../../wire/refusal-headers.ts';
import type { Gateway } from '../gateway.ts';
import type { Secrets } from '../ports.ts';
import { type Call, refusal } from './call.ts';

/**
 * Requires a live API key as `Authorization: Bearer <key>` before a call runs. If IAM decides instead, it requires a
 * caller that IAM has let in. Anybody else gets 401.
 */
export function authorized<Needs extends Pick<Gateway, 'secrets'> = Gateway>(call: Call<Needs>): Call<Needs> {
  return async (gateway, request) => {
    if (request.identity !== undefined)
      return request.identity === '' ? refusal(nobody) : call(gateway, request);
    const key = /^Bearer +(\S+) *$/i.exec(request.authorization)?.[1];
    if (key !== undefined && (await isLive(key, gateway.secrets))) return call(gateway, request);
    const detail = 'Send the header "Authorization: Bearer <api key>" with a live key.';
    return refusal(problem('unauthorized', { detail }), { 'WWW-Authenticate': bearerChallenge });
  };
}

const nobody = problem('unauthorized', {
  detail: 'This call must be authorized by IAM, but its route has no IAM authorizer.',
});

async function isLive(key: string, secrets: Secrets): Promise<boolean> {
  const cached = await secrets.apiKeys('cached');
  if (isOneOf(key, cached)) return true;
  const fresh = await secrets.apiKeys('fresh');
  return fresh !== cached && isOneOf(key, fresh);
}

/** Compares with every key, each in constant time, so that timing reveals nothing but the lengths of the keys. */
function isOneOf(key: string, keys: readonly string[]): boolean {
  const given = Buffer.from(key);
  let isLive = false;
  for (const live of bytesOf(keys)) {
    if (live.length === given.length && timingSafeEqual(given, live)) isLive = true;
  }
  return isLive;
}

/** The bytes of each list of keys. A list is the same object until the secret is read again. */
const known = new WeakMap<readonly string[], readonly Buffer[]>();

function bytesOf(keys: readonly string[]): readonly Buffer[] {
  let made = known.get(keys);
  if (made === undefined) {
    made = keys.map((key) => Buffer.from(key));
    known.set(keys, made);
  }
  return made;
}
