import { sign } from '../../wire/sign.ts';
import type { SigningKey } from '../../wire/signature.ts';
import type { Fields, KeptHook } from './hook-log.ts';

/** The headers that frame a request, which whoever sends it writes. */
const framing: ReadonlySet<string> = new Set(['host', 'connection', 'content-length']);

/** What makes an attempt a new one. */
export interface Freshness {
  readonly id: string;
  /** In whole seconds since 1970. */
  readonly timestamp: number;
  readonly keys: readonly SigningKey[];
}

/** The headers of a kept hook, less those of its framing, for another post of its body that the app takes for a new hook. */
export function signedAgain({ headers, body }: KeptHook, { id, timestamp, keys }: Freshness): Fields {
  const others = headers.filter(([name]) => !framing.has(name) && !name.startsWith('webhook-'));
  return [
    ...others,
    ['webhook-id', id],
    ['webhook-timestamp', String(timestamp)],
    ['webhook-signature', sign({ id, timestamp, body: body.text }, keys)],
  ];
}
