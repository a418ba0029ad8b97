import { isActions } from './actions.ts';
import type { AppResponse } from './answer.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import { limits } from './limits.ts';
import type { RefusalHeader } from './refusal-headers.ts';

/** The head of an HTTP answer; headers that are missing are empty. */
export interface AnswerHead {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string;
  readonly refusal: readonly RefusalHeader[];
}

/**
 * Reads the answer to a hook as it comes in. A body is kept only if it can carry actions, and never more of it than
 * 1 MiB. Any other answer says all that matters by its head, whatever becomes of its body.
 */
export class AnswerReader {
  readonly #head: AnswerHead;
  readonly #mayAct: boolean;
  readonly #kept = new GatheredBytes();
  #bytes = 0;

  constructor(head: AnswerHead) {
    this.#head = head;
    this.#mayAct = head.status < 300 && /json/i.test(head.contentType);
  }

  /** The answer, if nothing of its body matters. */
  get early(): AppResponse | undefined {
    return this.#mayAct ? undefined : this.#answer('');
  }

  /**
   * Takes the next bytes, and keeps a copy of those that matter; what comes of an answer that is too large, after which
   * there is nothing more to read.
   */
  take(chunk: Uint8Array): AppResponse | undefined {
    this.#bytes += chunk.length;
    if (this.#bytes > limits.answerBytes) {
      return this.cut({ kind: 'broken', why: `the answer has more than ${limits.answerBytes} bytes` });
    }
    if (this.#mayAct) this.#kept.add(chunk);
    return undefined;
  }

  /** The answer, all of it. */
  end(): AppResponse {
    return this.#answer(this.#kept.toString());
  }

  /** What comes of an answer whose rest never came, for this reason. */
  cut(reason: AppResponse): AppResponse {
    return isActions(this.#head.contentType) ? reason : this.#answer('');
  }

  #answer(body: string): AppResponse {
    const { status, contentType, retryAfter, refusal } = this.#head;
    return { kind: 'response', status, contentType, retryAfter, refusal, body };
  }
}
