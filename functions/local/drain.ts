import type { Clock } from '../gateway/ports.ts';
import type { CloseCode } from '../wire/close-codes.ts';

/** A session that a drain can close. */
interface Drained {
  readonly hasEnded: boolean;
  close(how: CloseCode): void;
}

/** Clients are asked back no faster than they were closed, or than 250 a second where that is faster. In milliseconds. */
const maxPlaceMs = 4;

/** Timers are not exact, so shorter steps would be no more even. In milliseconds. */
const minStepMs = 10;

/** How often a drain of few sessions looks whether they are still there, in milliseconds. */
const lookMs = 1_000;

/** What is left to wait for. Timers are whole milliseconds, so less is nothing. */
function timerMs(left: number): number {
  return left < 1 ? 0 : left;
}

/** Keeps a share of one whole session from being rounded down to none. */
const rounding = 1e-6;

/**
 * Closes sessions one after another, spread evenly over `withinMs` milliseconds, so that their clients don't all come
 * back at once. Those that end by themselves leave their places empty. If the process was held up, what was due
 * meanwhile is spread over the time that is left, and not closed in a burst. `how` gets the number of milliseconds after
 * which a client may come back: those closed first are asked back first, and none before the end. Resolves when all have
 * ended.
 */
export async function drain(
  sessions: readonly Drained[],
  how: (backMs: number) => CloseCode,
  withinMs: number,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): Promise<void> {
  const end = clock.monotonic() + withinMs;
  const placeMs = Math.min(maxPlaceMs, withinMs / Math.max(1, sessions.length));
  let at = 0;
  let due = 0;
  for (;;) {
    while (sessions[at]?.hasEnded) at += 1;
    const rest = sessions.length - at;
    if (rest <= 0) return;
    const begun = clock.monotonic();
    const left = Math.max(0, end - begun);
    const step = Math.min(left, Math.max(minStepMs, left / rest));
    for (let wait = step; wait > 0; wait = timerMs(step - (clock.monotonic() - begun))) {
      await clock.sleep(Math.min(lookMs, wait));
      if (wait > lookMs && sessions.slice(at).every(({ hasEnded }) => hasEnded)) return;
    }
    const passed = Math.min(clock.monotonic() - begun, 2 * step);
    due += passed >= left ? rest : (rest * passed) / left + rounding;
    const count = Math.floor(due);
    const rested = Math.max(0, end - clock.monotonic());
    for (const [after, session] of sessions.slice(at, at + count).entries())
      if (!session.hasEnded) session.close(how(rested + (at + after) * placeMs));
    at += count;
    due -= count;
  }
}
