import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // What apps import, from its source, so that no test looks at what was built last.
  resolve: { alias: { sockethook: fileURLToPath(new URL('sdk/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/attack/**',
      'test/browser/**',
      'test/clients/**',
      'test/deploy/**',
      'test/lambda/**',
      'test/verify/contract.test.ts',
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
