import { actionsType } from '../../wire/action-rules.ts';
import { type Answer, readAnswer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import { hookHeaders } from '../../wire/hook-headers.ts';
import type { Gateway } from '../gateway.ts';

/** What is kept of a run for what the answer asks for, in milliseconds. */
export const answerMs = 1_000;

/** For whoever answers with actions that are not done. */
const advice = `nothing of this answer was done; answer with the Content-Type ${actionsType}`;

/** Posts a hook to the app once, signed at this moment, and reads the answer. `offered`: subprotocols of a handshake. */
export async function ask(gateway: Gateway, hook: Hook, offered: readonly string[] = []): Promise<Answer> {
  const { app, clock, log, secrets, settings } = gateway;
  const request = settings.format.request(hook, settings.webhookBaseUrl);
  const { url, body } = request;
  const headers = hookHeaders(hook, request, Math.floor(clock.now() / 1000), await secrets.signingKeys());
  const timeoutMs = Math.min(settings.hookTimeoutMs, gateway.deadline - answerMs - clock.now());
  if (timeoutMs <= 0) return { kind: 'failed', status: 504, why: 'no time is left', mayHaveAccepted: false };
  const response = await app.post({ url, headers, body, timeoutMs });
  const context = { event: hook.event, offered, messageBytes: settings.messageBytes };
  const answer = readAnswer(response, settings.format, context, clock.now());
  if (answer.kind === 'accepted' && answer.hint !== undefined)
    log.warnOnce(answer.hint, { hook: hook.event, advice }, hook.event);
  return answer;
}
