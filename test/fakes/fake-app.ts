import type { App, AppRequest } from '../../functions/gateway/ports.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';

/** An answer with a status. Everything else is empty except the given fields. */
export function answered(
  status: number,
  rest: Partial<Pick<Extract<AppResponse, { kind: 'response' }>, 'contentType' | 'retryAfter' | 'body'>> = {},
): AppResponse {
  return { kind: 'response', status, contentType: '', retryAfter: '', body: '', ...rest };
}

/** A 200 with these actions. */
export function acting(document: object): AppResponse {
  return answered(200, { contentType: 'application/vnd.sockethook+json', body: JSON.stringify(document) });
}

/** An app that records its hooks and answers from a list; 204 once the list is empty. */
export class FakeApp implements App {
  readonly requests: AppRequest[] = [];
  answers: AppResponse[] = [];
  /** The answer to every handshake. Without it, handshakes are answered from the list too. */
  admission: AppResponse | undefined;
  /** Runs while the app handles a hook, before it answers. */
  onPost: (request: AppRequest) => void | Promise<void> = () => {};

  async post(request: AppRequest): Promise<AppResponse> {
    this.requests.push(request);
    await this.onPost(request);
    if (this.admission !== undefined && request.url.includes('/handshake/')) return this.admission;
    return this.answers.shift() ?? answered(204);
  }

  /** The fields of the closed hooks so far. */
  get told(): Record<string, string>[] {
    return this.hooks.filter(({ event }) => event === 'closed');
  }

  /** The fields of the hooks so far. */
  get hooks(): Record<string, string>[] {
    return this.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  }
}
