import * as v from 'valibot';
import type { HttpsResponse } from './https-client.ts';

const text = v.fallback(v.string(), '');
const content = v.object({ __type: text, message: text, Message: text });

/** An error that a service of AWS answered with. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly status: number;
  /** `GoneException`; empty if the service named none. */
  readonly type: string;
  /** Whether an earlier attempt may have been carried out: it got no answer, or one of the service's own fault. */
  readonly mayBeDone: boolean;
  /** Not for whoever prints an error: it may hold what was signed or kept. */
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

  /** What was answered, whole. */
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

/** Smithy, AWS JSON 1.0, "Operation error serialization": a namespace may stand before the name, a URI behind it. */
function bare(type: string): string {
  return type.replace(/:.*$/, '').replace(/^.*#/, '');
}

/** A signature that does not match is explained in more lines, with the headers that were signed: the session's token. */
function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 300) ?? '';
}
