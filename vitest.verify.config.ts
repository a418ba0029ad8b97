import { defineConfig } from 'vitest/config';
import { VerifyReporter } from './test/verify/reporter.ts';

export default defineConfig({
  test: {
    include: ['test/verify/contract.test.ts'],
    fileParallelism: false,
    reporters: ['dot', new VerifyReporter()],
    // A deploy to AWS takes minutes, and a client far from its region is slow. What never comes is waited for as long.
    testTimeout: Number(process.env['VERIFY_TEST_MS'] ?? 60_000),
    hookTimeout: 900_000,
  },
});
