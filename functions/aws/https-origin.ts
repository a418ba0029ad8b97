import type { Clock } from '../gateway/ports.ts';
import type { Head } from '../http/answer-head.ts';
import { Deadlines } from '../http/deadlines.ts';
import { Exchange, type Failure, type HttpRequest, type Reading } from '../http/exchange.ts';
import type { CommonFields } from '../http/fields.ts';
import { Origin } from '../http/origin.ts';
import { GatheredBytes } from '../wire/gathered-bytes.ts';

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
export interface HttpsAnswer {
  readonly status: number;
  /** `x-amzn-errortype`; empty if there is none. */
  readonly errorType: string;
  readonly body: string;
}

/** How long things may take, in milliseconds. */
export interface Patience {
  /** Until a new connection stands; TLS is part of the answer's time, since it is our CPU that it waits for. */
  readonly connectMs: number;
  /** Until the answer is here to its end. */
  readonly totalMs: number;
}

/** How many connections there are at most: one for each delivery that a send or broadcast has under way at once. */
const mostConnections = 256;
/** The most that is read of an answer, in bytes. The longest is an item of 400 KB, each of its bytes escaped to six. */
const mostBytes = 4_194_304;

/** One service of AWS, `https://sqs.eu-central-1.amazonaws.com`. Plain http is for emulators. */
export class HttpsOrigin {
  readonly #origin: Origin;
  readonly #totalMs: number;
  readonly #deadlines = new Deadlines();

  constructor(
    url: URL,
    clock: Pick<Clock, 'monotonic'>,
    { connectMs, totalMs }: Patience = { connectMs: 1_000, totalMs: 5_000 },
  ) {
    this.#origin = new Origin(url, clock, { most: mostConnections, connectMs });
    this.#totalMs = totalMs;
  }

  /**
   * Makes a request. Rejects with an error whose `code` says why, as those of Node.js, if there is no answer. A request
   * that did not leave whole is made a second time, on a fresh connection; one that the server may have seen only if
   * its method is idempotent (RFC 9110 section 9.2.2). `totalMs` is how long it may take, the second time included.
   */
  async call(
    { method, path: target, headers, fields, body }: HttpsRequest,
    totalMs = this.#totalMs,
  ): Promise<HttpsAnswer> {
    const repeats = method === 'POST' ? 'unsent' : 'always';
    const request: HttpRequest = { method, target, headers, fields, body, repeats };
    const outcome = await new Promise<HttpsAnswer | Error>((resolve) => {
      this.#origin.send(new Exchange(request, new CallReading(), this.#deadlines.of(totalMs), resolve));
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }
}

/** Reads an answer whole. */
class CallReading implements Reading<HttpsAnswer | Error> {
  readonly #body = new GatheredBytes();
  #status = 0;
  #errorType = '';

  head({ status, errorType }: Head): undefined {
    this.#status = status;
    this.#errorType = errorType;
  }

  body(bytes: Buffer): Error | undefined {
    this.#body.add(bytes);
    if (this.#body.length <= mostBytes) return undefined;
    return failure('EMSGSIZE', `The answer has more than ${mostBytes} bytes.`);
  }

  end(): HttpsAnswer {
    return { status: this.#status, errorType: this.#errorType, body: this.#body.toString() };
  }

  fail(reason: Failure): Error {
    if (reason.kind === 'timeout') return failure('ETIMEDOUT', 'No answer in time.');
    if (reason.why === 'ETIMEDOUT') return failure('ETIMEDOUT', 'No connection in time.');
    const code = /^[A-Z_]+$/.test(reason.why) ? reason.why : 'EPROTO';
    return failure(code, `The connection is ${reason.kind}: ${reason.why}.`);
  }
}

/** An error as Node.js makes them. */
function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
