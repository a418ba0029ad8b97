import { type Problem, problem, problemType } from '../../wire/problems.ts';
import type { Result } from '../../wire/result.ts';
import type { Gateway } from '../gateway.ts';

/** An HTTP request to the gateway, from any server. */
export interface ApiRequest {
  /** Names this request in logs and in `X-Request-Id`. */
  readonly id: string;
  /** The decoded parameters in the path, by their names in the route table. */
  readonly parameters: Readonly<Record<string, string>>;
  /** As it was sent, without the `?`. Empty if there is none. */
  readonly query: string;
  /** Empty if there is none. */
  readonly authorization: string;
  /**
   * The caller that API Gateway let in, if IAM decides instead of API keys. Empty if it let nobody in. Absent if the
   * call needs an API key.
   */
  readonly identity?: string;
  readonly contentType: string;
  /** The header `Idempotency-Key`. Absent if there is none. */
  readonly idempotencyKey?: string | undefined;
  /** Reads the raw body, the same each time. The error is the problem to answer with if it can't be read. */
  body(): Promise<Result<Uint8Array, Problem>>;
}

/** The answer to the caller. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One call of the HTTP API; `Needs` are the parts of the gateway that it uses. */
export type Call<Needs = Gateway> = (gateway: Needs, request: ApiRequest) => Promise<ApiResponse>;

/** An answer with a JSON document. */
export function document(status: number, content: unknown): ApiResponse {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(content) };
}

/** The answer to a call that has nothing to say. */
export const noContent: ApiResponse = { status: 204, headers: {}, body: '' };

/** The answer to a call about a socket that is not open, nor opening. */
export function unknownSocket(): ApiResponse {
  return refusal(problem('unknown_socket'));
}

/** An answer that is a problem. */
export function refusal(problem: Problem, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  const body = JSON.stringify(problem);
  return { status: problem.status, headers: { 'Content-Type': problemType, ...headers }, body };
}
