import type { Breaker } from '../breaker.ts';
import type { Gateway } from '../gateway.ts';
import { type Call, document } from './call.ts';

/**
 * `GET /health`: shows that the gateway answers, and whether its app does. Needs no key. `breaker` is `closed`, `open`,
 * or `unknown` if its state can't be read. Only if it is open: since when, in milliseconds since 1970.
 */
export const getHealth: Call<Pick<Gateway, 'breaker'>> = async ({ breaker }) =>
  document(200, await healthOf(breaker));

/** What it answers. */
export async function healthOf(breaker: Breaker): Promise<object> {
  try {
    const { openedAt } = await breaker.state();
    return openedAt > 0 ? { ...ok, breaker: 'open', openedAt } : { ...ok, breaker: 'closed' };
  } catch {
    return { ...ok, breaker: 'unknown' };
  }
}

const ok = { status: 'ok' };
