import type { App, AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';

/** An answer with a status; the rest is empty but for what is given. */
export function answered(
  status: number,
  rest: Partial<Pick<Extract<AppResponse, { kind: 'response' }>, 'contentType' | 'retryAfter' | 'body'>> = {},
): AppResponse {
  return { kind: 'response', status, contentType: '', retryAfter: '', body: '', ...rest };
}

/** An app that keeps the hooks it got and answers from a list; after its end, 204. */
export class FakeApp implements App {
  readonly requests: AppRequest[] = [];
  answers: AppResponse[] = [];

  async post(request: AppRequest): Promise<AppResponse> {
    this.requests.push(request);
    return this.answers.shift() ?? answered(204);
  }

  /** The fields of the hooks so far. */
  get hooks(): Record<string, string>[] {
    return this.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  }
}
