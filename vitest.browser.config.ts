import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    // What waits in vain says for what after ten to thirty seconds; this is for work, on a machine that is busy.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // One second, the default, is over before a page is drawn on a machine that is busy.
    expect: { poll: { timeout: 10_000 } },
  },
});
