import type { Gateway } from '../../gateway/gateway.ts';
import type { LambdaContext } from '../events.ts';

/** What is kept of a function's time for its last writes and its answer, in milliseconds. */
const reserveMs = 5_000;

/**
 * A gateway for one run of a function, which has to be over before Lambda freezes it. Lambda: nothing runs on after the
 * return, and a function that is out of time is killed where it stands.
 */
export function withDeadline<Needs extends Pick<Gateway, 'clock'>>(
  gateway: Needs,
  context: LambdaContext,
): Needs & { deadline: number } {
  const deadline = gateway.clock.monotonic() + context.getRemainingTimeInMillis() - reserveMs;
  return { ...gateway, deadline };
}
