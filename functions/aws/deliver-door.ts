import type { Gateway } from '../gateway/gateway.ts';
import { perform } from '../gateway/perform.ts';
import type { QueueEvent, QueueResult } from './events.ts';
import { parseTask } from './task.ts';

/** The door of the queue: does each task of a batch, and lets those that failed come again. */
export function deliverDoor(gateway: Gateway): (event: QueueEvent) => Promise<QueueResult> {
  return async ({ Records }) => {
    const outcomes = await Promise.allSettled(
      Records.map(async ({ body }) => perform(gateway, parseTask(body))),
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
