import type { AppResponse } from '../../wire/answer.ts';

/** What can come of posting a hook: the class of the status, or why there is none. */
export const hookOutcomes = ['2xx', '3xx', '4xx', '5xx', 'timeout', 'unreachable', 'broken'] as const;

/** The upper bounds of the buckets of the hooks' times, in seconds. The last bucket has none. */
export const hookBuckets = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30],
] as const;

/** The posts of one kind of hook. Only numbers are counted up, since each message is counted. */
export class HookCounts {
  /** How many had each outcome, in the order of `hookOutcomes`. */
  readonly outcomes: number[] = hookOutcomes.map(() => 0);
  /** How many are in each bucket, and in none below it. */
  readonly buckets: number[] = [...hookBuckets, 0].map(() => 0);
  /** What all took together, in seconds. */
  seconds = 0;

  /** Counts a post that took this many seconds. */
  add(response: AppResponse, seconds: number): void {
    const outcome = outcomeOf(response);
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    let bucket = 0;
    while (seconds > (hookBuckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.seconds += seconds;
  }
}

/** The place of an outcome in `hookOutcomes`. */
function outcomeOf(response: AppResponse): number {
  switch (response.kind) {
    case 'response':
      return Math.min(5, Math.max(2, Math.floor(response.status / 100))) - 2;
    case 'timeout':
      return 4;
    case 'unreachable':
      return 5;
    case 'broken':
      return 6;
  }
}
