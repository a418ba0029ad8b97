import type { Hook } from './hook.ts';
import { sign } from './sign.ts';
import type { SigningKey } from './signature.ts';

/** How the gateway names itself to the app. */
export const userAgent = 'Sockethook/0.1';

/**
 * The headers of one attempt to post a hook. `timestamp` is when this attempt is made, in whole seconds since 1970
 * (Standard Webhooks, "Webhook headers"); `body` is the raw body, which the signature covers. What comes from
 * the client stands first, so that nothing of it can replace what is ours, but for a handshake's `User-Agent`.
 */
export function hookHeaders(
  hook: Hook,
  content: { readonly contentType: string; readonly body: string },
  timestamp: number,
  keys: readonly SigningKey[],
): Record<string, string> {
  const headers = {
    'User-Agent': userAgent,
    // RFC 9110 section 12.5.3: without it an answer may come in any coding.
    'Accept-Encoding': 'identity',
    'Content-Type': content.contentType,
    'WebSocket-Origin': hook.origin,
    'webhook-id': hook.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': sign({ id: hook.id, timestamp, body: content.body }, keys),
  };
  // Spreading costs as much as signing, and is for handshakes alone.
  if (hook.event !== 'handshake') return headers;
  return { 'User-Agent': userAgent, ...hook.clientHeaders, ...withoutUserAgent(headers) };
}

function withoutUserAgent({ 'User-Agent': _, ...others }: Record<string, string>): Record<string, string> {
  return others;
}
