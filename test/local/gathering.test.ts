import { expect, test } from 'vitest';
import { Gathering } from '../../functions/local/gathering.ts';

const clock = { monotonic: () => performance.now() };
const never = 2_147_483_647;

/** A gathering that waits for ever once something came, and what its steps got. */
function gathering(enough: number) {
  const steps: number[][] = [];
  const step = async (items: readonly number[]) => steps.push([...items]);
  return { gather: new Gathering({ ms: never, recentMs: never, enough }, step, clock), steps };
}

test('what comes first is served at once, with what comes in the same turn', async () => {
  const { gather, steps } = gathering(10);
  expect(await Promise.all([gather.add(1), gather.add(2)])).toEqual([1, 1]);
  expect(steps).toEqual([[1, 2]]);
});

test('what comes soon after is served once there is enough, and no sooner', async () => {
  const { gather, steps } = gathering(3);
  await gather.add(0);
  const served = [gather.add(1), gather.add(2)];
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(steps).toEqual([[0]]);
  served.push(gather.add(3));
  expect(await Promise.all(served)).toEqual([2, 2, 2]);
  expect(steps).toEqual([[0], [1, 2, 3]]);
});
