import type { ProblemCode } from '../functions/wire/problems.ts';
import { ApiError, UnreachableError } from './errors.ts';
import { foreign } from './read-outcomes.ts';
import { apiKey, apiUrl } from './settings.ts';

/** How long a call may take, in milliseconds. The gateway answers sooner. */
const timeoutMs = 30_000;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * Calls the gateway's HTTP API. Resolves to the JSON of the answer, or to undefined if it has none. Rejects with an
 * `ApiError` if the gateway refuses the call, and with an `UnreachableError` if it does not answer. With a `key`, the
 * call has an `Idempotency-Key`.
 */
export async function call(method: Method, path: string, document?: object, key?: string): Promise<unknown> {
  return (await exchange(method, path, document, key)).answer;
}

async function exchange(
  method: Method,
  path: string,
  document?: object,
  key?: string,
): Promise<{ readonly status: number; readonly answer: unknown }> {
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
  if (response.ok) return { status: response.status, answer };
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  throw new ApiError(`${method} ${path}`, response.status, problemOf(answer), retryAfter);
}

/** Makes a call about one socket. Resolves to false if there is no such socket, or it has ended. Rejects as `call`. */
export async function callSocket(method: 'PUT' | 'DELETE', path: string): Promise<boolean> {
  return changeKnown(method, path, { done: 204, unknown: 'unknown_socket' });
}

/** What a gateway answers to a call that changes one thing. */
interface Answers {
  /** The status once it is done. */
  readonly done: 202 | 204;
  /** The problem if it does not know the thing. */
  readonly unknown: ProblemCode;
}

/** Makes a call that changes one thing. Resolves to false if the gateway does not know it. Rejects as `change`. */
export async function changeKnown(
  method: Exclude<Method, 'GET'>,
  path: string,
  { done, unknown }: Answers,
): Promise<boolean> {
  return (await ifKnown(change(method, path, done), unknown)).isKnown;
}

/**
 * Makes a call whose answer has this status, and nothing to read. Rejects as `call`, and with an `ApiError` if some other
 * server answers.
 */
export async function change(
  method: Exclude<Method, 'GET'>,
  path: string,
  done: Answers['done'],
): Promise<void> {
  const { status } = await exchange(method, path);
  if (status !== done) throw foreign(`${method} ${path}`, status);
}

/** Gets one thing. `unknown` is the problem of a gateway that does not know it. Rejects as `call`. */
export function getKnown(path: string, unknown: ProblemCode): Promise<Known> {
  return ifKnown(call('GET', path), unknown);
}

type Known = { readonly isKnown: true; readonly answer: unknown } | { readonly isKnown: false };

async function ifKnown(answer: Promise<unknown>, unknown: ProblemCode): Promise<Known> {
  try {
    return { isKnown: true, answer: await answer };
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
