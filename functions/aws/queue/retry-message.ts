import * as v from 'valibot';
import type { RetryTask } from '../../gateway/tasks.ts';
import { type Hook, hookEvents, hookId } from '../../wire/hook.ts';
import { type ClientPath, parsePath } from '../../wire/path.ts';
import { groupText, parsed } from '../../wire/schema.ts';
import { socketId } from './batch-message.ts';

/**
 * The body of a hook in base64. SQS refuses characters that XML does not allow. JSON would write each of those with six
 * bytes, and a body of 131,072 bytes could be longer than a message may be.
 */
const base64 = v.pipe(
  v.string(),
  v.base64(),
  v.transform((text) => Buffer.from(text, 'base64').toString()),
);

/** A hook, without its id's prefix. Only handshakes have headers of clients, and they are never tried again. */
const hook = v.pipe(
  v.object({
    event: v.picklist(hookEvents),
    subject: v.string(),
    socket: socketId,
    body: v.union([v.literal(''), base64]),
    path: v.pipe(v.string(), parsed<ClientPath>(parsePath)),
    query: v.string(),
    user: v.string(),
    state: v.string(),
    origin: v.string(),
    groups: v.array(groupText),
    code: v.string(),
    reason: v.string(),
    time: v.number(),
    presence: v.exactOptional(v.object({ group: groupText, sequence: v.number() })),
  }),
  v.transform(({ subject, ...fields }): Hook => {
    return { ...fields, id: hookId(fields.event, subject), clientHeaders: {} };
  }),
);

/** A hook that is tried again, in a message. */
export const retryMessage = v.object({
  kind: v.literal('retry'),
  socket: socketId,
  hook,
  groupsVersion: v.number(),
  tries: v.object({ since: v.number(), attempts: v.number(), errors: v.number() }),
  dueAt: v.number(),
});

/** Writes a task in the same form, for JSON. */
export function writeRetry(task: RetryTask): v.InferInput<typeof retryMessage> {
  const { id, clientHeaders: _, ...fields } = task.hook;
  const subject = id.slice(fields.event.length + 1);
  const body = Buffer.from(fields.body).toString('base64');
  return { ...task, hook: { ...fields, subject, groups: [...fields.groups], body } };
}
