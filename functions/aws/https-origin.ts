import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { Socket } from 'node:net';
import type { Clock } from '../gateway/ports.ts';

/** A request over HTTP/1.1. */
export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Escaped, as it is to stand on the wire. */
  readonly path: string;
  /** All of them, `host` too, but for Content-Length and Connection. */
  readonly headers: Readonly<Record<string, string>>;
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
/**
 * How long a connection that nobody uses is kept, in milliseconds. A function may be frozen while it is idle, and then
 * does not see that the other end hangs up; nobody hangs up as early as this.
 */
const keptMs = 4_000;
/** The most that is read of an answer, in bytes. The longest is an item of 400 KB, each of its bytes escaped to six. */
const mostBytes = 4_194_304;

/**
 * One server, `https://sqs.eu-central-1.amazonaws.com`, by kept-alive connections and nothing but Node.js, so that it
 * costs a cold start nothing. Plain http is for emulators.
 */
export class HttpsOrigin {
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #patience: Patience;
  readonly #clock: Clock;
  #usedAt = Number.NEGATIVE_INFINITY;

  constructor(url: URL, clock: Clock, patience: Patience = { connectMs: 1_000, totalMs: 5_000 }) {
    this.#url = url;
    this.#clock = clock;
    this.#patience = patience;
    this.#agent = keepAliveAgent(url.protocol === 'https:' ? HttpsAgent : HttpAgent, patience.connectMs);
  }

  /**
   * Makes a request. Rejects with an error of Node.js whose `code` says why if there is no answer. A request that did
   * not leave whole is made a second time, on a fresh connection; one that the server may have seen only if its method
   * is idempotent (RFC 9110 section 9.2.2).
   */
  async call(request: HttpsRequest): Promise<HttpsAnswer> {
    const now = this.#clock.now();
    if (now - this.#usedAt >= keptMs) this.#dropIdle();
    this.#usedAt = now;
    try {
      return await this.#try(request, this.#patience.totalMs);
    } catch (error) {
      if (!mayRepeat(request, error)) throw error;
      this.#dropIdle();
      return this.#try(request, this.#patience.totalMs - (this.#clock.now() - now));
    }
  }

  #try(request: HttpsRequest, totalMs: number): Promise<HttpsAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const sent = this.#send(request, (response) => {
        read(response, fail, (answer) => {
          clearTimeout(timer);
          resolve(answer);
        });
      });
      const timer = setTimeout(() => sent.destroy(failure('ETIMEDOUT', 'No answer in time.')), totalMs);
      sent.on('error', fail);
    });
  }

  #send({ method, path, headers, body }: HttpsRequest, answered: (response: IncomingMessage) => void) {
    const { hostname, port } = this.#url;
    // A list is written as it is; of an object each header would be set, then read again.
    const list = ['content-length', String(Buffer.byteLength(body))];
    for (const name in headers) list.push(name, headers[name] ?? '');
    const options = { host: hostname.replace(/^\[|\]$/g, ''), port, path, method, headers: list };
    const request = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
    const sent: ClientRequest = request({ ...options, agent: this.#agent }, answered);
    return sent.end(body);
  }

  #dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

/** Keeps connections, and gives up one that takes too long to stand; whoever waits for it is told. */
function keepAliveAgent(Agent: typeof HttpAgent | typeof HttpsAgent, connectMs: number): HttpAgent {
  const agent = new Agent({ keepAlive: true, maxSockets: mostConnections, timeout: keptMs });
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) => {
    const socket = connect.call(agent, options, callback);
    if (!(socket instanceof Socket)) return socket;
    const late = failure('ETIMEDOUT', 'No connection in time.', 'connect');
    const giveUp = (): void => {
      if (socket.connecting) socket.destroy(late);
    };
    // A turn later: when we had no CPU for so long, the connection may stand, and we have not heard of it.
    const timer = setTimeout(() => setImmediate(giveUp), connectMs);
    const done = (): void => clearTimeout(timer);
    socket.once('connect', done).once('close', done);
    return socket;
  };
  return agent;
}

/** Whether a connection broke before its request had left, or after that with a request that may come twice. */
function mayRepeat({ method }: HttpsRequest, error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  const syscall = 'syscall' in error ? error.syscall : undefined;
  switch (error.code) {
    case 'ETIMEDOUT':
      return syscall === 'connect';
    case 'ECONNRESET':
    case 'EPIPE':
      return syscall === 'write' || method !== 'POST';
    default:
      return false;
  }
}

/** Reads an answer to its end, so that its connection can be used again. */
function read(
  response: IncomingMessage,
  fail: (error: Error) => void,
  resolve: (answer: HttpsAnswer) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
    else response.destroy(failure('EMSGSIZE', `The answer has more than ${mostBytes} bytes.`));
  });
  response.on('end', () => {
    const errorType = response.headers['x-amzn-errortype'];
    resolve({
      status: response.statusCode ?? 0,
      errorType: typeof errorType === 'string' ? errorType : '',
      body: chunks.length === 0 ? '' : Buffer.concat(chunks).toString(),
    });
  });
  response.on('error', fail);
}

/** An error as Node.js makes them. */
function failure(code: string, message: string, syscall?: string): Error {
  return Object.assign(new Error(message), { code, syscall });
}
