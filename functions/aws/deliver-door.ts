import type { Gateway } from '../gateway/gateway.ts';
import { perform } from '../gateway/perform.ts';
import type { LambdaContext, QueueEvent, QueueResult } from './events.ts';
import { parseTask } from './task.ts';
import { timed } from './timed.ts';

/** The door of the queue: does each task of a batch, and lets those that failed come again. */
export function deliverDoor(
  gateway: Gateway,
): (event: QueueEvent, context: LambdaContext) => Promise<QueueResult> {
  return async ({ Records }, context) => {
    const outcomes = await Promise.allSettled(
      Records.map(async ({ body }) => perform(timed(gateway, context), parseTask(body))),
    );
    const failures = Records.filter((_, at) => {
      const outcome = outcomes[at];
      if (outcome?.status !== 'rejected') return false;
      gateway.log.error('fault', { why: String(outcome.reason) });
      return true;
    });
    return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}
