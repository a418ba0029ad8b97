import { deadLetter } from '../dead-letters.ts';
import type { Gateway } from '../gateway.ts';
import type { RetryTask } from '../tasks.ts';
import { hookFacts } from './hook-facts.ts';

/**
 * What a letter says of a hook whose last answers nobody knows. It may not have been posted, if Lambda was throttled.
 */
const why = 'it was handed to a worker too often, and none finished it';

/** Keeps the hook of a `retry` task as a dead letter, since no worker finished the task. */
export async function redrive({ deadLetters, clock, log }: Gateway, task: RetryTask): Promise<void> {
  const letter = deadLetter(task, why, clock.now());
  if ((await deadLetters.put(letter)) === 'full')
    throw new Error('There is no room for another dead letter.');
  log.error('hook_dead', { ...hookFacts(task.hook), why, attempts: letter.attempts, letter: letter.id });
}
