import * as v from 'valibot';
import type { HttpsResponse } from './https-client.ts';

const text = v.fallback(v.string(), '');
const content = v.object({ __type: text, message: text, Message: text });

/** An error response of an AWS service. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly status: number;
  /** For example `GoneException`. Empty if the service named none. */
  readonly type: string;
  /** Whether an earlier attempt may have been carried out: it got no response, or a 5xx. */
  readonly mayBeDone: boolean;
  /** Private, so that printing the error does not show it: it may hold signed headers or stored data. */
  readonly #body: string;

  constructor(operation: string, { status, errorType, body }: HttpsResponse, mayBeDone = false) {
    const { __type, message, Message } = read(body);
    const type = bare(errorType || __type);
    super(`${operation}: ${[status, type, firstLine(message || Message)].filter(Boolean).join(' ')}`);
    this.status = status;
    this.type = type;
    this.mayBeDone = mayBeDone;
    this.#body = body;
  }

  /** The whole response body. */
  get body(): string {
    return this.#body;
  }
}

function read(body: string): v.InferOutput<typeof content> {
  const none = { __type: '', message: '', Message: '' };
  try {
    const parsed = v.safeParse(content, JSON.parse(body));
    return parsed.success ? parsed.output : none;
  } catch {
    return none;
  }
}

/** Smithy, AWS JSON 1.0, "Operation error serialization": the name may have a namespace before it and a URI after it. */
function bare(type: string): string {
  return type.replace(/:.*$/, '').replace(/^.*#/, '');
}

/** Only the first line: AWS explains a wrong signature in more lines, with the signed headers and the session token. */
function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 300) ?? '';
}
