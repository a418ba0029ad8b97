import type { Gateway } from '../../gateway/gateway.ts';
import type { LambdaContext } from '../events.ts';

/** The part of a function's time that is reserved for its last writes and its result, in milliseconds. */
const usualReserveMs = 5_000;

/**
 * A gateway for one run of a function. The run must end in time: Lambda kills a function that has used up its time, and
 * freezes it as soon as it returns, so nothing continues in the background.
 */
export function withDeadline<Needs extends Pick<Gateway, 'clock'>>(
  gateway: Needs,
  context: LambdaContext,
  reserveMs: number = usualReserveMs,
): Needs & { deadline: number } {
  const deadline = gateway.clock.monotonic() + context.getRemainingTimeInMillis() - reserveMs;
  return { ...gateway, deadline };
}
