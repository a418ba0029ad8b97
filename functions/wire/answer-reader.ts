import { isActions } from './actions.ts';
import type { AppResponse } from './answer.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import { limits } from './limits.ts';
import type { RefusalHeader } from './refusal-headers.ts';
import { utf8Text } from './utf8-text.ts';

/** The head of an HTTP answer. Missing headers are empty. */
export interface AnswerHead {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string;
  readonly contentEncoding: string;
  readonly refusal: readonly RefusalHeader[];
}

/**
 * Reads the answer to a hook as it arrives. Keeps a body only if it can carry actions, and at most 1 MiB of it. For any
 * other answer only the head matters, even if the body never arrives in full.
 */
export class AnswerReader {
  readonly #head: AnswerHead;
  readonly #mayAct: boolean;
  /** How many bytes the body has, if that is known. */
  readonly #length: number | undefined;
  /** What has come of a body that comes in several pieces. */
  #kept: GatheredBytes | undefined;
  /** A body that came in one piece, as nearly all do; undefined inside if it is not UTF-8. */
  #whole: { readonly text: string | undefined } | undefined;
  #bytes = 0;

  /** `length` is how many bytes the body has, if that is known. */
  constructor(head: AnswerHead, length?: number) {
    this.#head = head;
    this.#length = length;
    this.#mayAct = head.status < 300 && /json/i.test(head.contentType);
  }

  /** The answer, if its body does not matter. */
  get early(): AppResponse | undefined {
    return this.#mayAct ? undefined : this.#answer('');
  }

  /**
   * Takes the next bytes, those of a chunk from `from` to `to`, and copies those that matter. Returns the outcome if the
   * answer is too large: nothing more need be read then.
   */
  take(chunk: Uint8Array, from = 0, to: number = chunk.length): AppResponse | undefined {
    this.#bytes += to - from;
    if (this.#bytes > limits.answerBytes) {
      return this.cut({ kind: 'broken', why: `the answer has more than ${limits.answerBytes} bytes` });
    }
    if (!this.#mayAct || to === from) return undefined;
    if (to - from === this.#length && this.#bytes === this.#length)
      this.#whole = { text: utf8Text(chunk, from, to) };
    else {
      this.#kept ??= new GatheredBytes();
      this.#kept.add(chunk.subarray(from, to));
    }
    return undefined;
  }

  /** The complete answer. */
  end(): AppResponse {
    if (this.#whole === undefined && this.#kept === undefined) return this.#answer('');
    const { contentEncoding } = this.#head;
    if (contentEncoding !== '' && contentEncoding.toLowerCase() !== 'identity')
      return this.#answer('', `The answer has Content-Encoding ${shown(contentEncoding)}.`);
    // What comes after a whole body is not part of it.
    const text = this.#whole === undefined ? this.#kept && utf8Text(this.#kept.bytes) : this.#whole.text;
    return text === undefined ? this.#answer('', 'The answer is not UTF-8.') : this.#answer(text);
  }

  /** The outcome of an answer that was cut off, for this reason. */
  cut(reason: AppResponse): AppResponse {
    return isActions(this.#head.contentType) ? reason : this.#answer('');
  }

  #answer(body: string, unreadable?: string): AppResponse {
    const { status, contentType, retryAfter, refusal } = this.#head;
    const answer = { kind: 'response', status, contentType, retryAfter, refusal, body } as const;
    return unreadable === undefined ? answer : { ...answer, unreadable };
  }
}

/** The names of content codings (RFC 9110 section 8.4.1), made safe for a log. */
function shown(codings: string): string {
  return /^[\w!#$%&'*+.^`|~, \t-]{1,64}$/.test(codings) ? codings : 'that is none';
}
