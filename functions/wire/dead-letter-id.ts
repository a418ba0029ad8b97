import { createHash } from 'node:crypto';
import type { HookId } from './hook.ts';

declare const brand: unique symbol;

/** The id of a dead letter: when its hook happened, and which hook it is. */
export type DeadLetterId = string & { readonly [brand]: 'DeadLetterId' };

const form = /^[0-9a-z]{9}-[A-Za-z0-9_-]{22}$/;

/** Parses the id of a dead letter. Undefined if it can't be one. */
export function parseDeadLetterId(text: string): DeadLetterId | undefined {
  return form.test(text) ? (text as DeadLetterId) : undefined;
}

/**
 * The id of the dead letter of a hook: always the same, so that a hook that dies twice is one letter. Ids are in the order
 * of the times at which the hooks happened, in milliseconds since 1970. The rest is 132 bits, and safe in a URL, which
 * the ids of hooks are not.
 */
export function deadLetterIdOf(hook: HookId, time: number): DeadLetterId {
  const digest = createHash('sha256').update(hook).digest('base64url').slice(0, 22);
  return `${time.toString(36).padStart(9, '0')}-${digest}` as DeadLetterId;
}
