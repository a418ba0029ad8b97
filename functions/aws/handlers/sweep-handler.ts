import type { Gateway } from '../../gateway/gateway.ts';
import { sweep } from '../../gateway/sweep/sweep.ts';
import type { LambdaContext, ScheduleEvent } from '../events.ts';
import { withDeadline } from './with-deadline.ts';

const minuteMs = 60_000;

/** The handler of the schedule: one sweep, for the minute in which it was due, even if it starts later. */
export function sweepHandler(
  gateway: Gateway,
): (event: ScheduleEvent, context: LambdaContext) => Promise<void> {
  return ({ time }, context) =>
    sweep(withDeadline(gateway, context), Math.floor(Date.parse(time) / minuteMs));
}
