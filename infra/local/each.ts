import { plain } from '../../functions/local/log.ts';
import { markFailed } from './exit.ts';
import { print } from './print.ts';

/** What is said of each. */
interface Words {
  readonly done: string;
  readonly unknown: string;
  readonly json: true | undefined;
}

/**
 * Does something to each id in turn, and says what came of it. The command fails if one is unknown. Rejects as `act`,
 * after saying what came of those before.
 */
export async function each(
  ids: readonly string[],
  act: (id: string) => Promise<boolean>,
  { done, unknown, json }: Words,
): Promise<void> {
  const outcomes: { id: string; outcome: string }[] = [];
  const lines = () => outcomes.map(({ id, outcome }) => `${outcome}  ${plain(id)}`);
  try {
    for (const id of ids) outcomes.push({ id, outcome: (await act(id)) ? done : unknown });
  } finally {
    if (outcomes.length > 0) print(json, outcomes, lines());
  }
  if (outcomes.some(({ outcome }) => outcome === unknown)) markFailed();
}
