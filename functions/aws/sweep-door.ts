import type { Gateway } from '../gateway/gateway.ts';
import { sweep } from '../gateway/sweep/sweep.ts';
import type { LambdaContext, ScheduleEvent } from './events.ts';
import { timed } from './timed.ts';

const minuteMs = 60_000;

/** The door of the schedule: one sweep, for the minute that it was due in, whenever it really begins. */
export function sweepDoor(gateway: Gateway): (event: ScheduleEvent, context: LambdaContext) => Promise<void> {
  return ({ time }, context) => sweep(timed(gateway, context), Math.floor(Date.parse(time) / minuteMs));
}
