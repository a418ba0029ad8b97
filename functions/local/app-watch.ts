import type { Clock, Log } from '../gateway/ports.ts';

/** What is known of the app: `unknown` until the first hook was posted. */
export type AppState = 'unknown' | 'answers' | 'away';

/** How often each thing has happened to hooks since the start, and how many wait to be tried again now. */
export interface HookTotals {
  readonly retried: number;
  readonly dead: number;
  readonly lost: number;
  readonly waiting: number;
}

/** A time in which hooks get no answer. */
interface Outage {
  /** On the monotonic clock. */
  readonly since: number;
  readonly before: HookTotals;
  /** Why hooks got no answer, each logged once. */
  readonly causes: Set<string>;
  /** When the app answered again, and has since; undefined while it does not. */
  answeredAt: number | undefined;
}

/** How many causes of an outage are logged. */
const maxCauses = 8;

/** How long an app that is back must have answered, in milliseconds. One that fails now and then logs less by this. */
const calmMs = 2_000;

/** How long hooks that wait to be tried again keep back the line that says that the app is back, in milliseconds. */
const longestWaitMs = 60_000;

/** Advice for an app that has never answered. */
const advice = 'start your app, or mend its URL (WEBHOOK_BASE_URL); until then clients are refused';

/**
 * Watches whether the app answers, also in outages that are too small for the circuit breaker. Warns `app_silent` once
 * for each cause in an outage, and says `app_back` when the app answers and what had waited for it is done.
 */
export class AppWatch {
  readonly #url: string;
  readonly #totals: () => HookTotals;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  #state: AppState = 'unknown';
  #hasAnswered = false;
  /** Whether a hook has got no answer. */
  #hasFailed = false;
  #outage: Outage | undefined;
  #isStopped = false;

  constructor(
    url: string,
    totals: () => HookTotals,
    { clock, log }: { readonly clock: Pick<Clock, 'monotonic'>; readonly log: Pick<Log, 'info' | 'warn'> },
  ) {
    this.#url = url;
    this.#totals = totals;
    this.#clock = clock;
    this.#log = log;
  }

  get state(): AppState {
    return this.#state;
  }

  /** The app has answered. */
  answered(): void {
    this.#state = 'answers';
    this.#hasAnswered = true;
    if (this.#outage !== undefined) this.#outage.answeredAt ??= this.#clock.monotonic();
  }

  /** The app has not answered, for a reason. */
  failed(why: string): void {
    this.#hasFailed = true;
    this.unreachable(why);
  }

  /** The app takes connections. No hook has shown whether it answers. */
  reachable(): void {
    if (this.#hasAnswered || this.#hasFailed) return;
    this.#state = 'unknown';
    if (this.#outage !== undefined) this.#outage.answeredAt ??= this.#clock.monotonic();
  }

  /** The app takes no connection, or does not answer, for a reason. */
  unreachable(why: string): void {
    if (this.#isStopped) return;
    this.#state = 'away';
    this.#outage ??= this.#newOutage();
    this.#outage.answeredAt = undefined;
    const { causes } = this.#outage;
    if (causes.has(why) || causes.size >= maxCauses) return;
    causes.add(why);
    this.#log.warn('app_silent', { url: this.#url, why, advice: this.#hasAnswered ? undefined : advice });
  }

  /** Looks whether an outage is over. Call it every second or so. */
  look(): void {
    const { answeredAt, since, before } = this.#outage ?? {};
    if (answeredAt === undefined || since === undefined || before === undefined) return;
    const calm = this.#clock.monotonic() - answeredAt;
    const now = this.#totals();
    if (calm < calmMs || (now.waiting > 0 && calm < longestWaitMs)) return;
    this.#outage = undefined;
    this.#log.info('app_back', {
      url: this.#url,
      seconds: Math.round((answeredAt - since) / 1_000),
      retried: now.retried - before.retried,
      dead: now.dead - before.dead,
      lost: now.lost - before.lost,
      waiting: now.waiting,
    });
  }

  #newOutage(): Outage {
    const since = this.#clock.monotonic();
    return { since, before: this.#totals(), causes: new Set(), answeredAt: undefined };
  }

  /** The gateway stops: hooks that are cut off say nothing of the app. */
  stop(): void {
    this.#isStopped = true;
  }
}
