import type { RetrySettings } from '../gateway.ts';

/** The first pause, in milliseconds; each later one is three times as long. */
const firstPauseMs = 500;

/**
 * How long to wait, in whole milliseconds, after this attempt (1 is the first) has failed: growing, with jitter
 * from half to the whole, and never less than the app asked for. Undefined when there is no attempt left, or the
 * pauses would add up to more than the settings allow.
 */
export function pauseAfter(
  attempt: number,
  askedMs: number | undefined,
  pausedMs: number,
  { attempts, withinMs }: RetrySettings,
  random: number,
): number | undefined {
  if (attempt >= attempts) return undefined;
  const grown = firstPauseMs * 3 ** (attempt - 1) * (0.5 + random / 2);
  const pause = Math.ceil(Math.max(grown, askedMs ?? 0));
  return pausedMs + pause <= withinMs ? pause : undefined;
}
