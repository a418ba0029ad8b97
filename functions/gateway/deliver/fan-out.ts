import type { MaybePromise } from '../maybe-promise.ts';

/** How many calls are in progress at once. */
const atOnce = 256;

/**
 * Calls `each` for every item, at most 256 at a time, so that a slow one holds up no other. Returns the outcomes in the
 * items' order.
 */
export async function fanOut<Item, Outcome>(
  items: readonly Item[],
  each: (item: Item) => MaybePromise<Outcome>,
): Promise<Outcome[]> {
  const [only] = items;
  if (items.length === 1 && only !== undefined) return [await each(only)];
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next]; next < items.length; item = items[next]) {
      const at = next++;
      if (item === undefined) continue;
      const outcome = each(item);
      outcomes[at] = outcome instanceof Promise ? await outcome : outcome;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return outcomes;
}
