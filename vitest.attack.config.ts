import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/attack/**/*.test.ts'],
    // One at a time, and nothing else beside: an attack takes what ports, memory and time there are.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 20_000,
  },
});
