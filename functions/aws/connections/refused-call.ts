import type { Posted } from '../../gateway/ports.ts';

/**
 * The meaning of a refusal by @connections. 410 is GoneException, 400 an impossible id, 413 PayloadTooLargeException.
 * 429 is LimitExceededException, which API Gateway also returns when a client's buffer is full. Undefined for any other
 * status, which is a fault.
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
