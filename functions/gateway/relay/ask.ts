import { type Answer, readAnswer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import { hookHeaders } from '../../wire/hook-headers.ts';
import type { Gateway } from '../gateway.ts';

/** Posts a hook to the app once, signed at this moment, and reads the answer. `offered`: subprotocols of a handshake. */
export async function ask(gateway: Gateway, hook: Hook, offered: readonly string[] = []): Promise<Answer> {
  const { app, clock, log, secrets, settings } = gateway;
  const { url, ...content } = settings.format.request(hook, settings.webhookBaseUrl);
  const headers = hookHeaders(hook, content, Math.floor(clock.now() / 1000), await secrets.signingKeys());
  const response = await app.post({ url, headers, body: content.body, timeoutMs: settings.hookTimeoutMs });
  const context = { event: hook.event, offered, messageBytes: settings.messageBytes };
  const answer = readAnswer(response, settings.format, context, clock.now());
  if (answer.kind === 'accepted' && answer.hint !== undefined)
    log.warnOnce(answer.hint, { hook: hook.event });
  return answer;
}
