import { type DeadLetterId, deadLetterIdOf } from '../wire/dead-letter-id.ts';
import type { Hook } from '../wire/hook.ts';
import type { RetryTask } from './tasks.ts';

/** A hook that will not be tried again by itself, or that the app has refused. Times are in milliseconds since 1970. */
export interface DeadLetter {
  readonly id: DeadLetterId;
  readonly hook: Hook;
  /** How often the groups of its socket had changed when the hook was made. */
  readonly groupsVersion: number;
  readonly attempts: number;
  /** What came of the last attempt. */
  readonly why: string;
  readonly diedAt: number;
}

/** A page of dead letters, in the order of the times of their hooks. A cursor if there may be more. */
export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetter[];
  readonly cursor?: string;
}

/** The dead letters, each kept for 14 days from its death. */
export interface DeadLetters {
  /** Keeps a letter in place of one with the same id. `full`: there is no room for it. */
  put(letter: DeadLetter): Promise<'kept' | 'full'>;
  get(id: DeadLetterId): Promise<DeadLetter | undefined>;
  /** One page of at most `limit` letters. Their hooks have no body unless they are `whole`. Undefined if the cursor is not valid. */
  list(limit: number, cursor: string | undefined, whole: boolean): Promise<DeadLetterPage | undefined>;
  /** Removes a letter, unless it has died again since `diedAt`. False if there is none. */
  remove(id: DeadLetterId, diedAt?: number): Promise<boolean>;
}

/** How many characters of a reason are kept. A part of it may come from the app. */
const maxWhy = 2_048;

/** The dead letter of a hook. */
export function deadLetter(
  { hook, groupsVersion, tries }: Pick<RetryTask, 'hook' | 'groupsVersion' | 'tries'>,
  why: string,
  now: number,
): DeadLetter {
  const id = deadLetterIdOf(hook.id, hook.time);
  const diedAt = Math.max(now, tries.since);
  return {
    id,
    hook,
    groupsVersion,
    attempts: tries.attempts,
    why: why.slice(0, maxWhy).toWellFormed(),
    diedAt,
  };
}

/**
 * The task that tries the hook of a dead letter again, as if it had never failed. It begins after the death of the letter,
 * whatever the clock says: if the hook dies again, that is a later death, and what removes this letter leaves it alone.
 */
export function replayOf({ hook, groupsVersion, diedAt }: DeadLetter, now: number): RetryTask {
  const tries = { since: Math.max(now, diedAt + 1), attempts: 0, errors: 0 };
  return { kind: 'retry', socket: hook.socket, hook, groupsVersion, tries, dueAt: now, isReplay: true };
}
