import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { App, AppRequest } from '../gateway/ports.ts';
import type { AppResponse } from '../wire/answer.ts';
import { AnswerReader } from '../wire/answer-reader.ts';

/**
 * The app over HTTP/1.1 with kept-alive connections and nothing but Node.js, so that it costs a cold start nothing.
 * `origin` is the app's, `https://app.example`.
 */
export class HttpsApp implements App {
  readonly #url: URL;
  readonly #origin: string;
  readonly #agent: HttpAgent;

  constructor(origin: string) {
    this.#origin = origin;
    this.#url = new URL(origin);
    const Agent = this.#url.protocol === 'https:' ? HttpsAgent : HttpAgent;
    this.#agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  }

  /**
   * Posts once. A kept connection that turns out to be closed was closed while the function was frozen: its
   * request never reached the app, and is made again on a fresh one.
   */
  async post(request: AppRequest): Promise<AppResponse> {
    const deadline = Date.now() + request.timeoutMs;
    const first = await this.#try(request, request.timeoutMs);
    if (first !== 'stale') return first;
    const second = await this.#try(request, deadline - Date.now());
    if (second === 'stale') return { kind: 'broken', why: 'ECONNRESET' };
    // An app that dies while it handles a hook looks the same at first, and what it decided is not known.
    return second.kind === 'unreachable' ? { kind: 'broken', why: second.why } : second;
  }

  /** Ends every connection. */
  async stop(): Promise<void> {
    this.#agent.destroy();
  }

  #try(request: AppRequest, timeoutMs: number): Promise<AppResponse | 'stale'> {
    return new Promise((resolve) => {
      try {
        watch(this.#send(request), timeoutMs, resolve);
      } catch (error) {
        // A header that can't stand on the wire: nothing was sent.
        resolve({ kind: 'unreachable', why: codeOf(error) });
      }
    });
  }

  #send({ url, headers, body }: AppRequest): ClientRequest {
    const { hostname, port } = this.#url;
    const request = this.#agent instanceof HttpsAgent ? requestHttps : requestHttp;
    return request({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      // As it is: a URL object would write some of its characters in another way.
      path: url.slice(this.#origin.length),
      method: 'POST',
      headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      agent: this.#agent,
    }).end(body);
  }
}

/** Follows a request to its end; only the first thing that it resolves with counts. */
function watch(
  sent: ClientRequest,
  timeoutMs: number,
  resolve: (outcome: AppResponse | 'stale') => void,
): void {
  let reader: AnswerReader | undefined;
  let isConnected = false;
  const fail = (reason: AppResponse): void => resolve(reader?.cut(reason) ?? reason);
  const timer = setTimeout(
    () => {
      fail({ kind: 'timeout' });
      sent.destroy();
    },
    Math.max(0, timeoutMs),
  );
  sent.on('socket', (socket) => {
    isConnected = !socket.connecting;
    if (isConnected) return;
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      isConnected = true;
    });
  });
  sent.on('error', (error) => {
    const why = codeOf(error);
    const isStale = reader === undefined && sent.reusedSocket && /^(?:ECONNRESET|EPIPE)$/.test(why);
    if (isStale) resolve('stale');
    else fail({ kind: isConnected ? 'broken' : 'unreachable', why });
  });
  sent.on('upgrade', (_, socket) => socket.destroy());
  sent.on('response', (response) => {
    const { statusCode: status = 0, headers } = response;
    const retryAfter = headers['retry-after'] ?? '';
    reader = new AnswerReader({ status, contentType: headers['content-type'] ?? '', retryAfter });
    read(response, reader, resolve);
  });
  sent.on('close', () => {
    clearTimeout(timer);
    fail({ kind: 'broken', why: 'the answer was cut off' });
  });
}

/** Reads an answer; what of it does not matter is dropped, so that the connection can be used again. */
function read(
  response: IncomingMessage,
  reader: AnswerReader,
  resolve: (outcome: AppResponse) => void,
): void {
  if (reader.early !== undefined) resolve(reader.early);
  response.on('data', (chunk: Buffer) => {
    const tooLarge = reader.take(chunk);
    if (tooLarge === undefined) return;
    resolve(tooLarge);
    response.destroy();
  });
  response.on('end', () => resolve(reader.end()));
  // The request's own "close" tells what became of it.
  response.on('error', () => {});
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code !== undefined ? String(error.code) : error.name;
}
