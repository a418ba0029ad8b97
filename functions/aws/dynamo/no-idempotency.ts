import type { Idempotency } from '../../gateway/idempotency.ts';

/** For functions that have no calls with idempotency keys. Each use is a fault. */
export class NoIdempotency implements Idempotency {
  readonly claim = noKeys;
  readonly progress = noKeys;
  readonly suspend = noKeys;
  readonly answer = noKeys;
  readonly release = noKeys;
}

function noKeys(): Promise<never> {
  return Promise.reject(new Error('This function keeps no idempotency keys.'));
}
