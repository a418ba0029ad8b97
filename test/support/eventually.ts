import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, checking every few milliseconds. Rejects after half a minute and names the condition.
 */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(5);
  }
}
