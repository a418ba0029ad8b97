import type { ProblemCode } from '../functions/wire/problems.ts';
import { ApiError, UnreachableError } from './errors.ts';
import { apiKey, apiUrl } from './settings.ts';

/** How long a call may take, in milliseconds. The gateway answers sooner. */
const timeoutMs = 30_000;

/**
 * Calls the gateway's HTTP API. Resolves to the JSON of the answer, or to undefined if it has none. Rejects with an
 * `ApiError` if the gateway refuses the call, and with an `UnreachableError` if it does not answer. With a `key`, the
 * call has an `Idempotency-Key`.
 */
export async function call(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  document?: object,
  key?: string,
): Promise<unknown> {
  const url = apiUrl();
  const content = document === undefined ? {} : { body: JSON.stringify(document) };
  const headers = {
    Authorization: `Bearer ${apiKey()}`,
    'Content-Type': 'application/json',
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${url}${path}`, { method, headers, signal, ...content }).catch(
    (error: unknown) => {
      throw new UnreachableError(url, error);
    },
  );
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  throw new ApiError(`${method} ${path}`, response.status, problemOf(answer), retryAfter);
}

/** Makes a call about one socket. Resolves to false if there is no such socket, or it has ended. Rejects as `call`. */
export async function callSocket(method: 'PUT' | 'DELETE', path: string): Promise<boolean> {
  return (await callKnown(method, path, 'unknown_socket')).isKnown;
}

/** Makes a call about one thing. `unknown` is the problem of a gateway that does not know it. Rejects as `call`. */
export async function callKnown(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  unknown: ProblemCode,
): Promise<{ readonly isKnown: true; readonly answer: unknown } | { readonly isKnown: false }> {
  try {
    return { isKnown: true, answer: await call(method, path) };
  } catch (error) {
    if (error instanceof ApiError && error.problem === unknown) return { isKnown: false };
    throw error;
  }
}

/** The seconds of a `Retry-After`. The gateway sends no dates. */
function secondsOf(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
}

function problemOf(answer: unknown): { code?: string; detail?: string; field?: string } {
  if (typeof answer !== 'object' || answer === null) return {};
  const fields = Object.entries(answer).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(fields);
}
