import { expect, test } from 'vitest';
import { getHealth } from '../../../functions/gateway/api/get-health.ts';
import { type Breaker, type BreakerState, untouched } from '../../../functions/gateway/breaker.ts';
import type { MaybePromise } from '../../../functions/gateway/maybe-promise.ts';
import { MemoryBreaker } from '../../../functions/local/memory-breaker.ts';
import { ok } from '../../../functions/wire/result.ts';

/** What a gateway says about itself whose breaker has this state. */
async function health(state: () => MaybePromise<BreakerState>) {
  const { held } = new MemoryBreaker();
  const breaker: Breaker = { held, heardWithinMs: 0, state, change: () => false };
  const request = { id: 'req_1', parameters: {}, query: '', authorization: '', contentType: '' };
  const { status: httpStatus, body } = await getHealth(
    { breaker },
    { ...request, body: async () => ok(Buffer.of()) },
  );
  return { httpStatus, ...JSON.parse(body) };
}

test('a gateway whose app answers says so', async () => {
  expect(await health(() => untouched)).toEqual({ httpStatus: 200, status: 'ok', breaker: 'closed' });
});

test('a gateway whose app is away says since when', async () => {
  const openedAt = 1_764_000_000_000;
  expect(await health(async () => ({ ...untouched, openedAt }))).toEqual({
    httpStatus: 200,
    status: 'ok',
    breaker: 'open',
    openedAt,
  });
});

test.for([
  [
    'rejects',
    async () => {
      throw new Error('No table.');
    },
  ],
  [
    'throws',
    () => {
      throw new Error('No table.');
    },
  ],
] as const)('a gateway whose breaker cannot be read still answers (%s)', async ([, state]) => {
  expect(await health(state)).toEqual({ httpStatus: 200, status: 'ok', breaker: 'unknown' });
});
