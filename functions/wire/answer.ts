import { type Actions, type AnswerContext, isActions } from './actions.ts';
import { type DocumentError, malformed } from './document-error.ts';
import type { HookFormat } from './hook-format.ts';
import type { RefusalHeader } from './refusal-headers.ts';

/** The result of posting a hook to the app. */
export type AppResponse =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly contentType: string;
      readonly retryAfter: string;
      /** The headers that a refused client may get from the app. */
      readonly refusal?: readonly RefusalHeader[];
      readonly body: string;
      /** Why a body that could have carried actions can't be read. `body` is then empty. */
      readonly unreadable?: string;
    }
  /** The app took too long, measured from connecting to the last byte that mattered. */
  | { readonly kind: 'timeout' }
  /** The request never reached the app. `isOurs`: the gateway had no connection for it. */
  | { readonly kind: 'unreachable'; readonly why: string; readonly isOurs?: true }
  /** The answer is not HTTP, was cut off, or is too large. The app may or may not have acted on the hook. */
  | { readonly kind: 'broken'; readonly why: string };

/** The meaning of an answer. The table "Answers" in docs/your-app.md says which kinds each event uses. */
export type Answer =
  | { readonly kind: 'accepted'; readonly actions: Actions; readonly hint?: 'unmarked_actions' }
  /** The app said no. A refused client gets this status, and those of the headers that go with it. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly why: string;
      readonly headers?: readonly RefusalHeader[];
    }
  /** A failure that may be temporary. `mayHaveAccepted`: the app may still have acted on the hook. */
  | {
      readonly kind: 'failed';
      readonly status: 502 | 504;
      readonly why: string;
      readonly mayHaveAccepted: boolean;
      /** Whether the app seems to be away or busy, so that it may take long until it is back, and not to be broken. */
      readonly isAway: boolean;
      /** How long the app asks the gateway to wait before it tries again, in milliseconds. */
      readonly retryAfter?: number;
      readonly headers?: readonly RefusalHeader[];
      /** The hook was not posted, since the app has been away for this long, in milliseconds. */
      readonly heldAfterMs?: number;
    }
  /** The app accepted the hook, but its actions can't be read. A retry won't help. */
  | { readonly kind: 'invalid'; readonly error: DocumentError }
  /** The app has no handler for this event. */
  | { readonly kind: 'unwanted'; readonly status: number };

/** Statuses that mean "not now". */
const temporary: ReadonlySet<number> = new Set([408, 425, 429]);
/**
 * Statuses of a proxy whose app is away. Cloudflare, "Cloudflare 5xx errors": 520 for an answer that is none, 521 to
 * 523 and 525 to 527 for no connection, 524 for no answer in time, 530 for a name or a tunnel that leads nowhere.
 */
const away: ReadonlySet<number> = new Set([
  ...[502, 503, 504],
  ...[520, 521, 522, 523, 524, 525, 526, 527, 530],
]);

/** Whether a status says that the app is away. Only a proxy in front of it can say so. */
export function isAwayStatus(status: number): boolean {
  return away.has(status);
}

/** Statuses that mean "I have no such handler". */
const unhandled: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Interprets the result of posting a hook. `now` is in milliseconds since 1970, for a `Retry-After` that is a date.
 * After a 5xx the app's decision is unknown, since it may come from a proxy in front of an app that accepted. A 3xx or
 * a 4xx leaves no such doubt.
 */
export function readAnswer(
  response: AppResponse,
  format: HookFormat,
  context: AnswerContext,
  now: number,
): Answer {
  switch (response.kind) {
    case 'timeout':
      return {
        kind: 'failed',
        status: 504,
        why: 'the app did not answer in time',
        mayHaveAccepted: true,
        isAway: true,
      };
    case 'unreachable':
      return { kind: 'failed', status: 502, why: response.why, mayHaveAccepted: false, isAway: true };
    case 'broken':
      return { kind: 'failed', status: 502, why: response.why, mayHaveAccepted: true, isAway: true };
    case 'response':
      return readStatus(response, format, context, now);
  }
}

type Response = Extract<AppResponse, { kind: 'response' }>;

function readStatus(response: Response, format: HookFormat, context: AnswerContext, now: number): Answer {
  const { status, refusal = [] } = response;
  if (status >= 200 && status < 300) return readAccepted(response, format, context);
  const why = `the app answered ${status}`;
  const headers = refusal.length === 0 ? {} : { headers: refusal };
  if (temporary.has(status) && context.event !== 'handshake') {
    return { ...failed(why, false, parseRetryAfter(response.retryAfter, now)), isAway: true };
  }
  if (unhandled.has(status)) {
    return context.event === 'handshake'
      ? { kind: 'refused', status: status === 501 ? 502 : status, why, ...headers }
      : { kind: 'unwanted', status };
  }
  if (status >= 400 && status < 500) return { kind: 'refused', status, why, ...headers };
  const isRedirect = status >= 300 && status < 400;
  const retryAfter = parseRetryAfter(response.retryAfter, now);
  return { ...failed(why, !isRedirect, retryAfter), isAway: isAwayStatus(status), ...headers };
}

function readAccepted(response: Response, format: HookFormat, context: AnswerContext): Answer {
  if (response.unreadable !== undefined && isActions(response.contentType))
    return { kind: 'invalid', error: malformed(response.unreadable) };
  const actions = format.answer(response, context);
  if (!actions.ok) return { kind: 'invalid', error: actions.error };
  return looksLikeActions(response)
    ? { kind: 'accepted', actions: actions.value, hint: 'unmarked_actions' }
    : { kind: 'accepted', actions: actions.value };
}

function failed(why: string, mayHaveAccepted: boolean, retryAfter: number | undefined) {
  const after = retryAfter === undefined ? {} : { retryAfter };
  return { kind: 'failed', status: 502, why, mayHaveAccepted, ...after } as const;
}

/** RFC 9110 section 10.2.3: seconds, or a date. Returns milliseconds from now, or undefined if it is neither. */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // The three formats of RFC 9110 section 5.6.7 begin with a day name. Date.parse also accepts much that is no HTTP
  // date.
  const date = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? /.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const jsonType = /^application\/(?:[^;]+\+)?json\b/i;

/** Whether an answer of another JSON type looks like actions, so that the log can name the right type. */
function looksLikeActions({ contentType, body }: { contentType: string; body: string }): boolean {
  if (isActions(contentType) || !jsonType.test(contentType)) return false;
  return /^\s*\{[\s\S]*"(?:reply|send|broadcast|close|state|join|leave|user|subprotocol)"\s*:/.test(body);
}
