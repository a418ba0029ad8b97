import { defineConfig } from 'vitest/config';

/** `--mode bun` attacks the gateway on Bun. */
export default defineConfig(({ mode }) => ({
  test: {
    env: mode === 'bun' ? { SOCKETHOOK_TEST_ON: 'bun' } : {},
    include: ['test/attack/**/*.test.ts'],
    // One at a time, and nothing else beside: an attack takes what ports, memory and time there are.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 20_000,
  },
}));
