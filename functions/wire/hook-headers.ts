import type { Hook } from './hook.ts';
import { sign } from './sign.ts';
import type { SigningKey } from './signature.ts';

/** The gateway's `User-Agent`. */
export const userAgent = 'Sockethook/0.1';

/**
 * The headers of one attempt to post a hook. `timestamp` is the time of this attempt, in whole seconds since 1970
 * (Standard Webhooks, "Webhook headers"). `content.body` is the raw body, which the signature covers. The client's
 * headers come first, so they can't replace any of the gateway's, except for the `User-Agent` of a handshake.
 */
export function hookHeaders(
  hook: Hook,
  content: { readonly contentType: string; readonly body: string },
  timestamp: number,
  keys: readonly SigningKey[],
): Record<string, string> {
  const headers = {
    'User-Agent': hook.clientHeaders['User-Agent'] ?? userAgent,
    // RFC 9110 section 12.5.3: without this the app may use any content coding.
    'Accept-Encoding': 'identity',
    'Content-Type': content.contentType,
    'WebSocket-Origin': hook.origin,
    'webhook-id': hook.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': sign({ id: hook.id, timestamp, body: content.body }, keys),
  };
  // Spreading costs as much as signing, so only handshakes pay for it.
  return hook.event === 'handshake' ? { ...hook.clientHeaders, ...headers } : headers;
}
