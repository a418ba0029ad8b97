import { replayOf } from '../dead-letters.ts';
import type { Gateway } from '../gateway.ts';
import type { Task } from '../tasks.ts';

/** How many letters are read at a time. */
const pageSize = 25;

/**
 * Runs a `replay` task: queues the hooks of all dead letters that died until a moment. A letter is removed once its hook
 * is queued. One that dies again is another letter by then, and is left alone.
 */
export async function replay(
  { deadLetters, tasks, clock, deadline }: Gateway,
  task: Extract<Task, { kind: 'replay' }>,
): Promise<void> {
  let cursor = task.cursor;
  do {
    const page = await deadLetters.list(pageSize, cursor, true);
    if (page === undefined) return;
    for (const letter of page.deadLetters) {
      if (letter.diedAt > task.until) continue;
      await tasks.enqueue(replayOf(letter, clock.now()));
      await deadLetters.remove(letter.id, letter.diedAt);
    }
    cursor = page.cursor;
    if (cursor !== undefined && clock.monotonic() >= deadline)
      return tasks.enqueue({ kind: 'replay', until: task.until, cursor });
  } while (cursor !== undefined);
}
