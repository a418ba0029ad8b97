import type { Clock } from '../../gateway/ports.ts';
import { ConnectionPool } from '../../http/connection-pool.ts';
import type { DeadlineQueue } from '../../http/deadline-queue.ts';
import { DeadlineQueues } from '../../http/deadline-queues.ts';
import {
  Exchange,
  type ExchangeTimeouts,
  type Failure,
  type HttpRequest,
  noConnectionFree,
  type ResponseReader,
} from '../../http/exchange.ts';
import type { CommonFields } from '../../http/fields.ts';
import type { Head } from '../../http/response-head.ts';
import { GatheredBytes } from '../../wire/gathered-bytes.ts';

/** A request over HTTP/1.1. */
export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Escaped, as it is to stand on the wire. */
  readonly path: string;
  /** All of them but for Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** More of them, which many requests have in common and that were written before. */
  readonly fields?: CommonFields | undefined;
  readonly body: string;
}

/** What was answered. */
export interface HttpsResponse {
  readonly status: number;
  /** `x-amzn-errortype`; empty if there is none. */
  readonly errorType: string;
  readonly body: string;
}

/** How a service is reached. */
export interface ServiceLimits {
  /** Until a new connection stands, with TLS, in milliseconds: long, since it is our own CPU that TLS waits for. */
  readonly connectMs: number;
  /** From then until the answer is here to its end, in milliseconds. */
  readonly answerMs: number;
  /** The most connections; what is more waits for one, and its time to be answered begins after that. */
  readonly connections: number;
}

/** How long a call may take, in milliseconds. */
export interface CallTimeouts {
  /** Until its connection stands; if none does by then, it is not made. */
  readonly waitMs?: number | undefined;
  /** From then until its answer is here; as the service is reached unless told. */
  readonly answerMs?: number | undefined;
  /** In all. */
  readonly totalMs?: number | undefined;
}

/** How a service is reached unless told. */
const usual: ServiceLimits = { connectMs: 10_000, answerMs: 5_000, connections: 64 };
/** How many connections are opened at a time. A handshake of TLS takes more CPU than twenty calls on what it opens. */
const opening = 4;
/** Total times come in steps of so many milliseconds, so that one queue serves many calls. */
const stepMs = 250;
/** The most that is read of an answer, in bytes. The longest is an item of 400 KB, each of its bytes escaped to six. */
const maxBytes = 4_194_304;

/** There is no answer. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
  /** As those of Node.js. */
  readonly code: string;
  /** Whether the service may have seen the request, and done what it asks for. */
  readonly mayBeDone: boolean;

  constructor(code: string, message: string, mayBeDone: boolean) {
    super(message);
    this.code = code;
    this.mayBeDone = mayBeDone;
  }
}

/** One service of AWS, `https://sqs.eu-central-1.amazonaws.com`. Plain http is for emulators. */
export class HttpsClient {
  readonly #pool: ConnectionPool;
  readonly #limits: ServiceLimits;
  readonly #deadlines = new DeadlineQueues();

  constructor(url: URL, clock: Pick<Clock, 'monotonic'>, limits: Partial<ServiceLimits> = {}) {
    this.#limits = { ...usual, ...limits };
    const { connections: max, connectMs } = this.#limits;
    this.#pool = new ConnectionPool(url, clock, { max, opening, connectMs });
  }

  /**
   * Makes a request. Rejects with a `NoResponseError` if there is none. A request that did not leave whole is made a second
   * time, on a fresh connection; one that the server may have seen only if its method is idempotent (RFC 9110 section
   * 9.2.2).
   */
  async call(
    { method, path: target, headers, fields, body }: HttpsRequest,
    time: CallTimeouts = {},
  ): Promise<HttpsResponse> {
    const repeats = method === 'POST' ? 'unsent' : 'always';
    const request: HttpRequest = { method, target, headers, fields, body, repeats };
    const timeouts = this.#timeoutsOf(time);
    const outcome = await new Promise<HttpsResponse | NoResponseError>((resolve) => {
      this.#pool.send(new Exchange(request, new CallResponseReader(), timeouts, resolve));
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  #timeoutsOf({ waitMs, answerMs, totalMs = Number.POSITIVE_INFINITY }: CallTimeouts): ExchangeTimeouts {
    const { connectMs, answerMs: usualMs } = this.#limits;
    const end = performance.now() + totalMs;
    return {
      waiting: this.#within(Math.min(totalMs, waitMs ?? connectMs + usualMs)),
      answer: () => this.#within(Math.min(end - performance.now(), answerMs ?? usualMs)),
    };
  }

  /** Times that are cut short come in steps, so that one queue serves many calls. */
  #within(ms: number): DeadlineQueue {
    const { connectMs, answerMs } = this.#limits;
    const isUsual = ms === answerMs || ms === connectMs + answerMs;
    return this.#deadlines.of(isUsual ? ms : Math.max(1, Math.ceil(ms / stepMs)) * stepMs);
  }
}

/** Reads an answer whole. */
class CallResponseReader implements ResponseReader<HttpsResponse | NoResponseError> {
  readonly #body = new GatheredBytes();
  #status = 0;
  #errorType = '';

  head({ status, errorType }: Head): undefined {
    this.#status = status;
    this.#errorType = errorType;
  }

  body(bytes: Buffer): NoResponseError | undefined {
    this.#body.add(bytes);
    if (this.#body.length <= maxBytes) return undefined;
    return new NoResponseError('EMSGSIZE', `The answer has more than ${maxBytes} bytes.`, true);
  }

  end(): HttpsResponse {
    return { status: this.#status, errorType: this.#errorType, body: this.#body.toString() };
  }

  fail(reason: Failure): NoResponseError {
    if (reason.kind === 'timeout') return new NoResponseError('ETIMEDOUT', 'No answer in time.', true);
    const mayBeDone = reason.kind === 'broken';
    if (reason.why === 'ETIMEDOUT' || reason.why === noConnectionFree)
      return new NoResponseError('ETIMEDOUT', 'No connection in time.', mayBeDone);
    const code = /^[A-Z_]+$/.test(reason.why) ? reason.why : 'EPROTO';
    return new NoResponseError(code, `The connection is ${reason.kind}: ${reason.why}.`, mayBeDone);
  }
}
