import { test } from 'vitest';
import { playMany } from '../gateway/presence/play-many.ts';

const { MODEL_RUNS = '2000', MODEL_SEED = '1' } = process.env;
/** `test/gateway/presence/random.test.ts` plays those before. */
const first = 10_000 + Number(MODEL_SEED);

test(`of presence, ${MODEL_RUNS} schedules from ${first} on`, async () => {
  await playMany(first, Number(MODEL_RUNS));
});
