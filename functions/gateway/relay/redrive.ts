import { deadLetter } from '../dead-letters.ts';
import type { Gateway } from '../gateway.ts';
import type { RetryTask } from '../tasks.ts';

/** What a letter says of a hook whose last answers nobody knows. */
const why = 'the worker that posted it died or failed, each time';

/** Keeps the hook of a `retry` task as a dead letter, since each worker that ran the task died or failed. */
export async function redrive({ deadLetters, clock, log }: Gateway, task: RetryTask): Promise<void> {
  const letter = deadLetter(task, why, clock.now());
  const { id: request, event: hook } = task.hook;
  if ((await deadLetters.put(letter)) === 'full')
    throw new Error('There is no room for another dead letter.');
  log.error('hook_dead', { request, hook, why, attempts: letter.attempts, letter: letter.id });
}
