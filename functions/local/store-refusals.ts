import type { Clock, Log } from '../gateway/ports.ts';

/** The store is asked again and again, so it is logged at most once in this many milliseconds. */
const loggedMs = 60_000;

/** Logs why the store refuses to keep records. Call what it returns for each refusal. */
export function storeRefusals(
  log: Pick<Log, 'error'>,
  clock: Pick<Clock, 'monotonic'>,
): (why: string) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (why) => {
    if (clock.monotonic() - loggedAt < loggedMs) return;
    loggedAt = clock.monotonic();
    log.error('store_refused', { why });
  };
}
