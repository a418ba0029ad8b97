import * as v from 'valibot';
import { byteLength } from '../../wire/printable.ts';
import { maxBytes } from './task-message.ts';

/** SQS API Reference, SendMessageBatch: at most ten messages, whose bodies together are no longer than one may be. */
const maxEntries = 10;

/** A message of a call that sends several. */
export interface Entry {
  /** Tells the messages of a call apart. */
  readonly Id: string;
  readonly MessageBody: string;
}

/** Divides messages among as few calls as their order allows. */
export function batchCalls(bodies: readonly string[]): Entry[][] {
  const calls: Entry[][] = [];
  let call: Entry[] = [];
  let left = 0;
  for (const [at, MessageBody] of bodies.entries()) {
    const bytes = byteLength(MessageBody);
    if (call.length === 0 || call.length === maxEntries || bytes > left) {
      call = [];
      calls.push(call);
      left = maxBytes;
    }
    call.push({ Id: String(at), MessageBody });
    left -= bytes;
  }
  return calls;
}

const result = v.object({
  Failed: v.nullish(v.array(v.object({ Id: v.string(), Code: v.optional(v.string()) })), []),
});

/** The messages of a call that SQS did not take, and why. Throws if its answer is none. */
export function failedEntries(
  answer: unknown,
  sent: readonly Entry[],
): { readonly failed: readonly Entry[]; readonly why: string } {
  const refused = v.parse(result, answer).Failed ?? [];
  const codes = new Set(refused.map(({ Code = 'unknown' }) => Code));
  const failed = sent.filter(({ Id }) => refused.some((each) => each.Id === Id));
  return { failed, why: [...codes].join(', ') };
}
