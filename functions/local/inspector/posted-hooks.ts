import type { HookWatch } from '../../gateway/hook-watch.ts';
import type { AppRequest, Clock } from '../../gateway/ports.ts';
import type { Answer, AppResponse } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import type { HookRequest } from '../../wire/hook-format.ts';
import { hookHeaders } from '../../wire/hook-headers.ts';
import type { Beginning, Ending, Fields, HookLog, KeptHook } from './hook-log.ts';

/** How many hooks a second are shown, and how many at once after a quiet time. The others are counted. */
export const shownRate = { perSecond: 200, atOnce: 200 } as const;

/** Of how many hooks that failed the attempts are counted. */
const maxFailing = 10_000;

/** A hook whose attempt has begun. */
interface Begun {
  readonly kept: KeptHook;
  readonly since: number;
}

/** Writes the hooks that the gateway posts into the log: all of them, or at high rates a sample. */
export class PostedHooks implements HookWatch {
  readonly #log: HookLog;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** One attempt of a hook follows another, so its id tells the attempts in progress apart. */
  readonly #begun = new Map<string, Begun>();
  /** How often each hook that is to be tried again has failed. */
  readonly #failing = new Map<string, number>();
  #tokens: number = shownRate.atOnce;
  #filledAt = Number.NEGATIVE_INFINITY;
  #skipped = 0;

  constructor(log: HookLog, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** How many attempts were not shown. */
  get skipped(): number {
    return this.#skipped;
  }

  posting(hook: Hook, request: AppRequest): AppRequest {
    const since = this.#clock.monotonic();
    if (!this.#isShown(since)) return request;
    const kept = this.#log.begin(this.#beginning(hook, request, requestFields(request)));
    this.#begun.set(hook.id, { kept, since });
    const { renew } = request;
    return {
      ...request,
      ...(renew === undefined ? {} : { renew: () => this.#resigned(kept, request, renew()) }),
      heard: (bytes) => bytes && this.#log.hear(kept, bytes),
    };
  }

  answered(hook: Hook, answer: Answer, response: AppResponse): void {
    const begun = this.#begun.get(hook.id);
    if (begun !== undefined) {
      this.#begun.delete(hook.id);
      const ms = Math.round(this.#clock.monotonic() - begun.since);
      this.#log.end(begun.kept, endingOf(answer, response, ms));
    }
    if (answer.kind === 'failed' && hook.event !== 'handshake') this.#countFailed(hook.id);
    else if (this.#failing.size > 0) this.#failing.delete(hook.id);
  }

  held(hook: Hook, request: HookRequest, answer: Answer): void {
    if (!this.#isShown(this.#clock.monotonic())) return;
    const fields = requestFields({ ...request, headers: hookHeaders(hook, request, 0, []) });
    // It is signed when it is posted.
    const unsigned = fields.filter(([name]) => !name.startsWith('webhook-'));
    const kept = this.#log.begin(this.#beginning(hook, request, unsigned));
    this.#log.end(kept, { ms: 0, outcome: 'held', status: null, why: whyOf(answer), headers: [] });
  }

  #beginning(hook: Hook, { url, body }: Pick<AppRequest, 'url' | 'body'>, headers: Fields): Beginning {
    const { event, id, socket, path, user, presence } = hook;
    const attempt = (this.#failing.size === 0 ? 0 : (this.#failing.get(id) ?? 0)) + 1;
    const group = presence?.group ?? '';
    const startedAt = this.#clock.now();
    return { event, id, socket, path, user, group, attempt, startedAt, again: false, url, headers, body };
  }

  #resigned(
    kept: KeptHook,
    { url, body }: AppRequest,
    headers: AppRequest['headers'],
  ): AppRequest['headers'] {
    this.#log.resign(kept, requestFields({ url, body, headers }));
    return headers;
  }

  #countFailed(id: string): void {
    const before = this.#failing.get(id) ?? 0;
    // To the end, so that the first ones are those that failed longest ago.
    this.#failing.delete(id);
    this.#failing.set(id, before + 1);
    if (this.#failing.size <= maxFailing) return;
    for (const oldest of this.#failing.keys()) {
      this.#failing.delete(oldest);
      return;
    }
  }

  #isShown(now: number): boolean {
    const earned = Math.max(0, now - this.#filledAt) * (shownRate.perSecond / 1_000);
    this.#filledAt = now;
    this.#tokens = Math.min(shownRate.atOnce, this.#tokens + earned);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return true;
    }
    this.#skipped += 1;
    return false;
  }
}

/** All headers of a request in the order in which they go on the wire. */
export function requestFields({ url, headers, body }: Pick<AppRequest, 'url' | 'headers' | 'body'>): Fields {
  return [
    ['host', new URL(url).host],
    ['connection', 'keep-alive'],
    ...Object.entries(headers),
    ['content-length', String(Buffer.byteLength(body))],
  ];
}

/** What an answer is to the page. */
export function endingOf(answer: Answer, response: AppResponse, ms: number): Ending {
  const status = response.kind === 'response' ? response.status : null;
  return { ms, outcome: outcomeOf(answer), status, why: whyOf(answer), headers: answerFields(response) };
}

/** The headers of an answer that the gateway reads. */
export function answerFields(response: AppResponse): Fields {
  if (response.kind !== 'response') return [];
  const { contentType, retryAfter, refusal = [] } = response;
  const own: Fields = [
    ['Content-Type', contentType],
    ['Retry-After', retryAfter],
  ];
  const others = refusal.filter(([name]) => name !== 'Retry-After');
  return [...own.filter(([, value]) => value !== ''), ...others];
}

function outcomeOf(answer: Answer): Ending['outcome'] {
  switch (answer.kind) {
    case 'accepted':
      return 'accepted';
    case 'refused':
    case 'unwanted':
      return 'refused';
    case 'failed':
    case 'invalid':
      return 'failed';
  }
}

function whyOf(answer: Answer): string | null {
  switch (answer.kind) {
    case 'accepted':
      return null;
    case 'unwanted':
      return `the app answered ${answer.status}`;
    case 'invalid':
      return answer.error.detail;
    default:
      return answer.why;
  }
}
