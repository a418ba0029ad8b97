import type { DeadLetter } from '../../functions/gateway/dead-letters.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';

/** All dead letters, whole, in the order of their ids. */
export async function lettersOf({
  gateway,
}: {
  readonly gateway: Pick<Gateway, 'deadLetters'>;
}): Promise<readonly DeadLetter[]> {
  const page = await gateway.deadLetters.list(1_000, undefined, true);
  if (page === undefined || page.cursor !== undefined) throw new Error('There are more dead letters.');
  return page.deadLetters;
}

/** The only dead letter, if there is one. Throws if there are more. */
export async function onlyLetter(world: { readonly gateway: Gateway }): Promise<DeadLetter | undefined> {
  const letters = await lettersOf(world);
  if (letters.length > 1) throw new Error(`There are ${letters.length} dead letters.`);
  return letters[0];
}
