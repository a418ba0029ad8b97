import type { Gateway } from '../gateway.ts';
import { type Call, document } from './call.ts';

/**
 * `GET /health`: shows that the gateway answers, and whether its app does. Needs no key. `breaker` is `closed`, `open`,
 * or `unknown` if its state can't be read. Only if it is open: since when, in milliseconds since 1970.
 */
export const getHealth: Call<Pick<Gateway, 'breaker'>> = async ({ breaker }) => {
  try {
    const { openedAt } = await breaker.state();
    return document(200, openedAt > 0 ? { ...ok, breaker: 'open', openedAt } : { ...ok, breaker: 'closed' });
  } catch {
    return document(200, { ...ok, breaker: 'unknown' });
  }
};

const ok = { status: 'ok' };
