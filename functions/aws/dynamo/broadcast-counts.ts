import type { OutcomeCounts } from '../../gateway/broadcasts.ts';
import type { Item } from './attribute.ts';
import { numberIn } from './item.ts';

/** The attributes of outcomes. */
export const outcomes = ['delivered', 'queued', 'gone', 'failed'] as const;

/**
 * How many sockets a batch has, and how many have each outcome. The sockets of a dead batch that have none have failed.
 * There are more than were found when it was cut, if some came before a coordinator that took over read it again.
 */
export function countsOf(item: Item, now: number): OutcomeCounts & { readonly found: number } {
  const [delivered = 0, queued = 0, gone = 0, failed = 0] = outcomes.map((outcome) =>
    numberIn(item, outcome),
  );
  const settled = delivered + queued + gone + failed;
  const found = Math.max(numberIn(item, 'found'), settled);
  return { found, delivered, queued, gone, failed: isDead(item, now) ? failed + found - settled : failed };
}

/** Whether the last worker that a batch could have died, or failed, before it had posted the batch. */
export function isDead(item: Item, now: number): boolean {
  return !isDone(item) && item['isLast'] !== undefined && numberIn(item, 'claimUntil') <= now;
}

/** Whether a segment is queued, or a batch is posted. */
export function isDone(item: Item): boolean {
  return item['done'] !== undefined;
}
