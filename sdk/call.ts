import { ApiError, UnreachableError } from './errors.ts';
import { apiKey, apiUrl } from './settings.ts';

/** How long a call may take, in milliseconds; the gateway answers before. */
const patienceMs = 30_000;

/**
 * Calls the gateway's HTTP API and gives the JSON of its answer; undefined for an answer without one. Rejects with
 * an `ApiError` for a refusal and an `UnreachableError` where there is no answer.
 */
export async function call(method: 'POST' | 'DELETE', path: string, document?: object): Promise<unknown> {
  const url = apiUrl();
  const content = document === undefined ? {} : { body: JSON.stringify(document) };
  const headers = { Authorization: `Bearer ${apiKey()}`, 'Content-Type': 'application/json' };
  const signal = AbortSignal.timeout(patienceMs);
  const response = await fetch(`${url}${path}`, { method, headers, signal, ...content }).catch(
    (error: unknown) => {
      throw new UnreachableError(url, error);
    },
  );
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new ApiError(`${method} ${path}`, response.status, problemOf(answer));
}

function problemOf(answer: unknown): { code?: string; detail?: string; field?: string } {
  if (typeof answer !== 'object' || answer === null) return {};
  const fields = Object.entries(answer).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(fields);
}
