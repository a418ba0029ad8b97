import type { Posted } from '../../gateway/ports.ts';

/**
 * What it means that @connections refused a call, by its status: 410 GoneException; 400 for an id that can't be one;
 * 429 LimitExceededException, also for a client whose buffer is full; 413 PayloadTooLargeException. Undefined for
 * anything else, which is a fault.
 */
export function refusalOf(status: number | undefined): Posted | undefined {
  switch (status) {
    case 400:
    case 410:
      return { kind: 'gone' };
    case 429:
      return { kind: 'throttled' };
    case 413:
      return { kind: 'failed', code: 'post_failed' };
    default:
      return undefined;
  }
}
