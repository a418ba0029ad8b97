import type { Problem } from '../../wire/problems.ts';
import { problemType } from '../../wire/problems.ts';
import type { Result } from '../../wire/result.ts';
import type { Gateway } from '../gateway.ts';

/** An HTTP request to the gateway, whatever server it came through. */
export interface ApiRequest {
  /** Names this request in logs and in `X-Request-Id`. */
  readonly id: string;
  /** Parts of the route that are written `:name`, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Empty where there is none. */
  readonly authorization: string;
  /**
   * Who what stands in front has let in, where that decides and no API key does; empty if it let nobody in. Absent
   * where the call has to show a key.
   */
  readonly identity?: string;
  readonly contentType: string;
  /** Reads the raw body, or says why it can't be read. */
  body(): Promise<Result<Uint8Array, Problem>>;
}

/** What the caller is answered. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One call of the HTTP API; `Needs` is what it needs of the gateway. */
export type Call<Needs = Gateway> = (gateway: Needs, request: ApiRequest) => Promise<ApiResponse>;

/** An answer with a JSON document. */
export function document(status: number, content: unknown): ApiResponse {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(content) };
}

/** An answer that is a problem. */
export function refusal(problem: Problem, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  const body = JSON.stringify(problem);
  return { status: problem.status, headers: { 'Content-Type': problemType, ...headers }, body };
}
