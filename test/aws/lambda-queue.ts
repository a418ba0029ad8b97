import { randomUUID } from 'node:crypto';
import { messageTemplate } from '../../infra/aws/message-template.ts';
import type { QueuedMessages } from './api-gateway/api.ts';
import type { Handler } from './bundles.ts';

/** An event that waits for a run. */
interface Waiting {
  payload: string;
  /** How often its function has run. */
  runs: number;
  /** How often it was refused for want of concurrency since then. */
  throttles: number;
  takenAt: number;
  due: number;
  timer?: NodeJS.Timeout;
}

/**
 * AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation", in milliseconds.
 */
const pauses = { failed: [60_000, 120_000], throttled: 1_000, longest: 300_000 };

/** How many bytes Lambda took of an asynchronous event before 2025. Since then it takes four times as many. */
const maxBytes = 262_144;

/** What the stack says. */
interface Settings {
  readonly ageSeconds: number;
  readonly retries: number;
}

/** The integration that hands messages to this queue, if the settings of the functions say so. */
export function queuedBy(
  queue: LambdaQueue,
  settings: Readonly<Record<string, string>>,
): QueuedMessages | undefined {
  const take = (payload: string): void => queue.take(payload);
  return settings['MESSAGE_INVOCATION'] === 'event' ? { template: messageTemplate, take } : undefined;
}

/**
 * The queue in which Lambda keeps the asynchronous invocations of a function:
 * - an event is taken at once, and nobody learns what becomes of it
 * - one that finds no free concurrency comes again after a second, then later and later, and that is no run; those
 *   behind it are not read until a run has ended
 * - one whose run threw, died or took too long comes again after one minute, then after two
 * - one that has failed too often, or is too old, goes to the destination, with why
 */
export class LambdaQueue {
  /** How often an event found no free concurrency. */
  throttles = 0;
  readonly #lambda: Handler;
  readonly #settings: Settings;
  readonly #destination: (record: string) => Promise<void>;
  /** Those that are due, and not read yet. */
  #due: Waiting[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #running = new Set<Promise<void>>();
  #maxConcurrency = Number.POSITIVE_INFINITY;
  #isPaused = false;

  constructor(lambda: Handler, settings: Settings, destination: (record: string) => Promise<void>) {
    this.#lambda = lambda;
    this.#settings = settings;
    this.#destination = destination;
  }

  /** How many events wait for a run. */
  get length(): number {
    return this.#waiting.size + this.#due.length;
  }

  /** From now on there are at most this many runs at a time. */
  limit(maxConcurrency: number): void {
    this.#maxConcurrency = maxConcurrency;
    this.#isPaused = false;
    this.#read();
  }

  /** Takes an event. Throws if it is too long, or no JSON. */
  take(payload: string): void {
    if (Buffer.byteLength(payload) > maxBytes) throw new Error('The event is too long.');
    JSON.parse(payload);
    const now = Date.now();
    this.#put({ payload, runs: 0, throttles: 0, takenAt: now, due: now });
  }

  /** This many milliseconds go by. `older` is what an event says then. */
  pass(ms: number, older = (payload: string): string => payload): void {
    for (const wait of [...this.#due, ...this.#waiting]) {
      wait.takenAt -= ms;
      wait.payload = older(wait.payload);
    }
    for (const wait of [...this.#waiting]) {
      wait.due -= ms;
      this.#put(wait);
    }
    this.#read();
  }

  /** Resolves when no event is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Forgets what waits. */
  stop(): void {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    this.#due = [];
  }

  #put(wait: Waiting): void {
    clearTimeout(wait.timer);
    this.#waiting.add(wait);
    const due = (): void => {
      this.#waiting.delete(wait);
      this.#due.push(wait);
      this.#read();
    };
    const left = wait.due - Date.now();
    if (left > 0) wait.timer = setTimeout(due, left);
    else due();
  }

  /** Reads what is due, until one finds no free concurrency; then no more until a run has ended. */
  #read(): void {
    const oldest = Date.now() - this.#settings.ageSeconds * 1_000;
    for (const wait of this.#due.filter(({ takenAt }) => takenAt < oldest))
      this.#begin(this.#giveUp(wait, 'EventAgeExceeded'));
    this.#due = this.#due.filter(({ takenAt }) => takenAt >= oldest);
    while (!this.#isPaused) {
      const wait = this.#due.shift();
      if (wait === undefined) return;
      if (this.#running.size < this.#maxConcurrency) this.#begin(this.#run(wait));
      else this.#throttle(wait);
    }
  }

  #begin(work: Promise<void>): void {
    const running = work.finally(() => {
      this.#running.delete(running);
      this.#isPaused = false;
      this.#read();
    });
    this.#running.add(running);
  }

  #throttle(wait: Waiting): void {
    this.throttles += 1;
    this.#isPaused = true;
    wait.due = Date.now() + Math.min(pauses.longest, pauses.throttled * 2 ** wait.throttles);
    wait.throttles += 1;
    this.#put(wait);
  }

  async #run(wait: Waiting): Promise<void> {
    wait.runs += 1;
    wait.throttles = 0;
    try {
      await this.#lambda(JSON.parse(wait.payload));
    } catch {
      if (wait.runs > this.#settings.retries) return this.#giveUp(wait, 'RetriesExhausted');
      this.#put({ ...wait, due: Date.now() + (pauses.failed[wait.runs - 1] ?? 0) });
    }
  }

  /** AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations". */
  #giveUp({ payload, runs }: Waiting, condition: 'EventAgeExceeded' | 'RetriesExhausted'): Promise<void> {
    const functionArn = 'arn:aws:lambda:eu-central-1:000000000000:function:default:$LATEST';
    const hasRun = condition === 'RetriesExhausted';
    const record = {
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: runs },
      requestPayload: JSON.parse(payload),
      ...(hasRun && {
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorType: 'Error', errorMessage: 'It failed.', trace: [] },
      }),
    };
    return this.#destination(JSON.stringify(record));
  }
}
