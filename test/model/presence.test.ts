import { test } from 'vitest';
import { playMany } from '../gateway/presence/play-many.ts';

const { MODEL_RUNS = '2000', MODEL_SEED = '1' } = process.env;

test(`of presence, ${MODEL_RUNS} schedules from seed ${MODEL_SEED} on`, async () => {
  await playMany(Number(MODEL_SEED), Number(MODEL_RUNS));
});
