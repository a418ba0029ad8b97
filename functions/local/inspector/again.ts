import type { Gateway } from '../../gateway/gateway.ts';
import { readAnswer } from '../../wire/answer.ts';
import { offeredSubprotocols } from '../../wire/client-headers.ts';
import { hookId } from '../../wire/hook.ts';
import { newId } from '../ids.ts';
import type { HookLog, KeptHook } from './hook-log.ts';
import { wholeUtf8 } from './kept-text.ts';
import { endingOf, requestFields } from './posted-hooks.ts';
import { type Freshness, signedAgain } from './signed-again.ts';

/** What came of a hook that was sent again. */
export interface SentAgain {
  readonly number: number;
  readonly status: number | null;
  readonly ms: number | null;
  /** The answer's body as far as it is kept. */
  readonly body: string;
  readonly why: string | null;
}

/** What makes the next post of a hook a new hook: an id that was never used, and a signature of now. */
export async function freshness({ secrets, clock }: Gateway, { shown }: KeptHook): Promise<Freshness> {
  const keys = await secrets.signingKeys();
  return { id: hookId(shown.event, newId()), timestamp: Math.floor(clock.now() / 1_000), keys };
}

/**
 * Posts a kept hook to the app once more, as a new one. Runs none of the actions of the answer, and tells the circuit
 * breaker nothing. Resolves when the whole answer is there, or its time is over.
 */
export async function sendAgain(gateway: Gateway, log: HookLog, hook: KeptHook): Promise<SentAgain> {
  const { app, clock, settings } = gateway;
  const fresh = await freshness(gateway, hook);
  const headers = Object.fromEntries(signedAgain(hook, fresh));
  const { url, body, shown } = hook;
  const request = { url, headers, body: body.text };
  const startedAt = clock.now();
  const { event, socket, path, user, group } = shown;
  const about = { event, id: fresh.id, socket, path, user, group, attempt: 1, startedAt, again: true };
  const kept = log.begin({ ...about, ...request, headers: requestFields(request) });
  const since = clock.monotonic();
  const { promise: whole, resolve: isWhole } = deferred();
  const response = await app.post({
    ...request,
    timeoutMs: settings.hookTimeoutMs,
    waitMs: settings.hookTimeoutMs,
    heard: (bytes) => (bytes === undefined ? isWhole() : log.hear(kept, bytes)),
  });
  const offered = offeredSubprotocols({ 'sec-websocket-protocol': headers['Sec-WebSocket-Protocol'] ?? '' });
  const context = { event, offered, messageBytes: settings.messageBytes };
  const answer = readAnswer(response, settings.format, context, clock.now());
  log.end(kept, endingOf(answer, response, Math.round(clock.monotonic() - since)));
  await Promise.race([whole, clock.sleep(settings.hookTimeoutMs)]);
  const { number, status, ms, why } = kept.shown;
  return { number, status, ms, body: wholeUtf8(kept.answered.bytes).toString(), why };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
