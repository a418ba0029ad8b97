import { actionsType } from '../../wire/action-rules.ts';
import { type Answer, readAnswer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import type { HookRequest } from '../../wire/hook-format.ts';
import { hookHeaders } from '../../wire/hook-headers.ts';
import type { SigningKey } from '../../wire/signature.ts';
import type { Gateway } from '../gateway.ts';
import type { AppRequest, Secrets } from '../ports.ts';
import { type Admission, admit, observe } from './admit.ts';
import { hookFacts } from './hook-facts.ts';

/** An answer after which a hook is worth another attempt. */
export type FailedAnswer = Extract<Answer, { kind: 'failed' }>;

/** What is known of a hook besides its fields. */
export interface Post {
  /** The subprotocols of a handshake. */
  readonly offered?: readonly string[];
  /** Whether it has failed before, so that another failure says nothing new of the app. */
  readonly isRetry?: boolean;
}

const firstPost: Post = {};

/** The part of a run that is reserved for the actions of the answer, in milliseconds. */
export const answerReserveMs = 1_000;

/** Advice for an app whose answer has actions that were not done. */
const advice = `nothing of this answer was done; answer with the Content-Type ${actionsType}`;

/** What stands for the answer to a hook that was not posted, since its run is over. */
export const noTime: FailedAnswer = {
  kind: 'failed',
  status: 504,
  why: 'no time is left',
  mayHaveAccepted: false,
  isAway: true,
};

/**
 * Posts a hook to the app once, signed at the moment when it is sent, and reads the answer. It may first have to wait for
 * a connection: a handshake, whose client waits too, at most as long as a hook may take; other hooks until the end of the
 * run.
 */
export async function postHook(
  gateway: Gateway,
  hook: Hook,
  { offered = [], isRetry = false }: Post = firstPost,
): Promise<Answer> {
  const { app, clock, log, meter, secrets, settings, watch } = gateway;
  const request = settings.format.request(hook, settings.webhookBaseUrl);
  const { url, body } = request;
  const pending = secrets.signingKeys();
  const keys = pending instanceof Promise ? await pending : pending;
  if (timeLeft(gateway) <= 0) return noTime;
  const pendingAdmission = admit(gateway, hook);
  const admission = pendingAdmission instanceof Promise ? await pendingAdmission : pendingAdmission;
  if (admission.kind === 'held') {
    const answer = heldAnswer(admission);
    watch?.held(hook, request, answer);
    return answer;
  }
  // A breaker that is slow to tell its state has taken some.
  const left = timeLeft(gateway);
  if (left <= 0) return noTime;
  const timeoutMs = Math.min(settings.hookTimeoutMs, left);
  const maxWaitMs = hook.event === 'handshake' ? settings.hookTimeoutMs : Number.POSITIVE_INFINITY;
  const waitMs = Math.min(maxWaitMs, left - timeoutMs);
  const posted: AppRequest = {
    url,
    headers: headersNow(gateway, hook, request, keys),
    renew() {
      return headersNow(gateway, hook, request, keysNow(secrets) ?? keys);
    },
    body,
    timeoutMs,
    waitMs,
  };
  const watched = watch === undefined ? posted : watch.posting(hook, posted);
  const since = meter === undefined ? 0 : clock.monotonic();
  const response = await app.post(watched);
  meter?.posted(hook.event, response, clock.monotonic() - since);
  const observed = observe(gateway, { socket: hook.socket, isRetry }, admission, response);
  if (observed instanceof Promise) await observed;
  const context = { event: hook.event, offered, messageBytes: settings.messageBytes };
  const answer = readAnswer(response, settings.format, context, clock.now());
  watch?.answered(hook, answer, response);
  if (answer.kind === 'accepted' && answer.hint !== undefined)
    log.warnOnce(answer.hint, { hook: hook.event, advice }, hook.event);
  return answer;
}

/**
 * What it means that a hook could not be posted because of a fault of our own, such as a signing secret that can't be read:
 * a failure like any other, since the fault may pass, or never go away.
 */
export function faultAnswer({ log }: Gateway, hook: Hook, error: unknown): FailedAnswer {
  const why = String(error);
  log.error('fault', { ...hookFacts(hook), why });
  return { kind: 'failed', status: 502, why, mayHaveAccepted: false, isAway: true };
}

/** The keys after a wait, in which they may have been replaced. Undefined where they can't be had at once. */
function keysNow(secrets: Secrets): readonly SigningKey[] | undefined {
  const keys = secrets.signingKeys();
  if (!(keys instanceof Promise)) return keys;
  keys.catch(() => undefined);
  return undefined;
}

function heldAnswer({ forMs, outageMs }: Extract<Admission, { kind: 'held' }>): FailedAnswer {
  return {
    kind: 'failed',
    status: 502,
    why: 'the app is away',
    mayHaveAccepted: false,
    isAway: true,
    retryAfter: forMs,
    heldAfterMs: outageMs,
  };
}

/** Asks no clock where there is no deadline. */
function timeLeft({ deadline, clock }: Gateway): number {
  return deadline === Number.POSITIVE_INFINITY ? deadline : deadline - answerReserveMs - clock.monotonic();
}

function headersNow({ clock }: Gateway, hook: Hook, request: HookRequest, keys: readonly SigningKey[]) {
  return hookHeaders(hook, request, Math.floor(clock.now() / 1000), keys);
}
