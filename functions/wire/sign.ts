import { Hmac } from './hmac.ts';
import type { SigningKey } from './signature.ts';

/** The parts of a hook that are signed. */
export interface Signable {
  readonly id: string;
  /** The time of this attempt, in whole seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

const known = new WeakMap<SigningKey, Hmac>();

/** The value of `webhook-signature`: one `v1,<base64>` per key, separated by spaces, so that keys can be rotated. */
export function sign({ id, timestamp, body }: Signable, keys: readonly SigningKey[]): string {
  const start = `${id}.${timestamp}.`;
  let signatures = '';
  for (const key of keys) {
    const signature = `v1,${hmacOf(key).digest(start, 'base64', body)}`;
    signatures = signatures === '' ? signature : `${signatures} ${signature}`;
  }
  return signatures;
}

function hmacOf(key: SigningKey): Hmac {
  let hmac = known.get(key);
  if (hmac === undefined) {
    hmac = new Hmac(key.export());
    known.set(key, hmac);
  }
  return hmac;
}
