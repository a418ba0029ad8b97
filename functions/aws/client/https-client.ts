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

/** An HTTP/1.1 request. */
export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Already escaped. */
  readonly path: string;
  /** Without Host, Connection and Content-Length. */
  readonly headers: Readonly<Record<string, string>>;
  /** More headers, shared by many requests and written in advance. */
  readonly fields?: CommonFields | undefined;
  readonly body: string;
}

/** The response. */
export interface HttpsResponse {
  readonly status: number;
  /** The header `x-amzn-errortype`. Empty if there is none. */
  readonly errorType: string;
  readonly body: string;
}

/** The limits for one service. */
export interface ServiceLimits {
  /** How long a new connection may take with TLS, in milliseconds. Long, since TLS waits for our own CPU. */
  readonly connectMs: number;
  /** From then until the whole response is here, in milliseconds. */
  readonly answerMs: number;
  /** The most connections. Other requests wait for one, and their `answerMs` begins after that. */
  readonly connections: number;
}

/** How long a call may take, in milliseconds. */
export interface CallTimeouts {
  /** Until it has a connection. If it has none by then, the call is not made. */
  readonly waitMs?: number | undefined;
  /** From then until the response is here. The service's limit by default. */
  readonly answerMs?: number | undefined;
  /** In total. */
  readonly totalMs?: number | undefined;
}

/** The default limits. */
const usual: ServiceLimits = { connectMs: 10_000, answerMs: 5_000, connections: 64 };
/** How many connections are opened at a time. A TLS handshake takes more CPU than twenty calls on its connection. */
const opening = 4;
/** Shortened timeouts are multiples of this, in milliseconds, so that one deadline queue serves many calls. */
const stepMs = 250;
/** The longest response body, in bytes. The largest that we expect is an item of 400 KB, each byte escaped to six. */
const maxBytes = 4_194_304;

/** There was no response. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
  /** An error code such as those of Node.js: `ETIMEDOUT`. */
  readonly code: string;
  /** Whether the service may have received the request and carried it out. */
  readonly mayBeDone: boolean;

  constructor(code: string, message: string, mayBeDone: boolean) {
    super(message);
    this.code = code;
    this.mayBeDone = mayBeDone;
  }
}

/** A client for one AWS service, such as `https://sqs.eu-central-1.amazonaws.com`. Plain http is for emulators. */
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
   * Sends a request. Rejects with a `NoResponseError` if there is no response. A request that was not fully sent is sent
   * once more on a new connection. One that the server may have received is repeated only if its method is idempotent
   * (RFC 9110 section 9.2.2).
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

  /** Rounds a shortened timeout up to a whole step, so that one deadline queue serves many calls. */
  #within(ms: number): DeadlineQueue {
    const { connectMs, answerMs } = this.#limits;
    const isUsual = ms === answerMs || ms === connectMs + answerMs;
    return this.#deadlines.of(isUsual ? ms : Math.max(1, Math.ceil(ms / stepMs)) * stepMs);
  }
}

/** Reads a whole response. */
class CallResponseReader implements ResponseReader<HttpsResponse | NoResponseError> {
  readonly #body = new GatheredBytes();
  #status = 0;
  #errorType = '';

  head({ status, errorType }: Head): undefined {
    this.#status = status;
    this.#errorType = errorType;
  }

  body(bytes: Buffer, from: number, to: number): NoResponseError | undefined {
    this.#body.add(bytes.subarray(from, to));
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
