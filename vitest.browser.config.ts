import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One second, the default, is over before a page is drawn on a machine that is busy.
    expect: { poll: { timeout: 10_000 } },
  },
});
