import { defineConfig } from 'vitest/config';

/** How many schedules are played, and the seed that they come from. The environment overrides both. */
const modes = {
  soak: { runs: '100000', seed: String(Date.now() % 2 ** 31) },
  test: { runs: '2000', seed: '1' },
};

export default defineConfig(({ mode }) => {
  const { runs, seed } = mode === 'soak' ? modes.soak : modes.test;
  const { MODEL_RUNS = runs, MODEL_SEED = seed } = process.env;
  return {
    test: {
      include: ['test/model/**/*.test.ts'],
      env: { MODEL_RUNS, MODEL_SEED },
      // Each world takes a whole core.
      maxWorkers: 2,
      testTimeout: 86_400_000,
    },
  };
});
