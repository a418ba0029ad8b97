import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApiRequest, type ApiResponse, refusal } from '../gateway/api/call.ts';
import { route } from '../gateway/api/route.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { headOf, type RequestError } from '../websocket/http-server.ts';
import { readRequestTarget } from '../websocket/request-target.ts';
import { hostError } from '../websocket/upgrade-check.ts';
import { cut } from '../wire/path.ts';
import { type Problem, problem } from '../wire/problems.ts';
import { err, ok, type Result } from '../wire/result.ts';
import { newId } from './ids.ts';
import type { LocalCalls } from './local-calls.ts';
import { RequestLog } from './request-log.ts';
import { refusalResponse } from './upgrade.ts';

/** JSON can make a message up to six times as long (`\u0001`); the rest is room for 1,000 ids. */
const escapedSize = 6;
const roomForIds = 262_144;
/** A body that is too long is read up to this many times the limit. Then its connection is cut. */
const droppedSize = 16;

/** How long an answered request may take to end its body, in milliseconds. */
const unfinishedMs = 2_000;

/** Answers a request to the HTTP API. Every answer has the request's id in `X-Request-Id`, and the logs have it too. */
export async function handleApiRequest(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  own: LocalCalls,
): Promise<void> {
  const id = newRequestId();
  const answer = await answerUnder(id, gateway, (gateway) => answerCall(gateway, request, id, own));
  response.writeHead(answer.status, headersOf(answer, id));
  response.end(request.method === 'HEAD' ? undefined : answer.body);
  if (!request.complete) endUnfinished(request);
}

/** Names a request in its answer and in the logs. */
export function newRequestId(): string {
  return `req_${newId()}`;
}

/** Runs a call, whose log lines have the id of its request. A fault is logged and answered with 500. */
export async function answerUnder(
  id: string,
  gateway: Gateway,
  call: (gateway: Gateway) => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const log = new RequestLog(gateway.log, id);
  try {
    return await call({ ...gateway, log });
  } catch (error) {
    log.error('fault', { why: String(error) });
    return refusal(problem('internal_error'));
  }
}

/** Names and values in turn: Node.js writes a list as it is, but looks up each name of an object first. */
export function headersOf(answer: ApiResponse, id: string): string[] {
  const headers = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'X-Request-Id', id];
  for (const name in answer.headers) headers.push(name, answer.headers[name] ?? '');
  if (answer.status !== 204) headers.push('Content-Length', String(Buffer.byteLength(answer.body)));
  return headers;
}

/** Cuts a connection whose client has its answer and does not end its body. */
export function endUnfinished(request: IncomingMessage): void {
  const { socket, headers } = request;
  // Node.js calls a request without a body complete only after its event. RFC 9112 section 6.3 names these headers.
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  // A connection may serve any number of requests, so nothing of this one is left behind.
  const done = (): void => {
    clearTimeout(end);
    socket.off('close', done);
    request.off('end', done);
  };
  const end = setTimeout(() => {
    done();
    if (!request.complete) socket.destroy();
  }, unfinishedMs);
  socket.once('close', done);
  request.once('end', done);
}

async function answerCall(
  gateway: Gateway,
  request: IncomingMessage,
  id: string,
  own: LocalCalls,
): Promise<ApiResponse> {
  const host = hostError(headOf(request));
  if (host !== undefined) return refusal(problem('malformed_request', host));
  const [path, query] = cut(readRequestTarget(request.url ?? '').target, '?');
  const method = request.method ?? '';
  const call = own.get(path);
  if (call !== undefined && (method === 'GET' || method === 'HEAD'))
    return call(gateway, new LocalRequest(id, request, {}, query, gateway));
  const found = route(method, path);
  if (!found.ok) {
    if (call !== undefined) return refusal(problem('method_not_allowed'), { Allow: 'GET, HEAD' });
    const { problem: why, allow } = found.error;
    return refusal(why, allow === undefined ? {} : { Allow: allow });
  }
  return found.value.call(gateway, new LocalRequest(id, request, found.value.parameters, query, gateway));
}

/** A request as it came. A class, since an object literal would make a new `body` function for every call. */
export class LocalRequest implements ApiRequest {
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly idempotencyKey: string | undefined;
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  #body: Promise<Result<Uint8Array, Problem>> | undefined;

  constructor(
    id: string,
    request: IncomingMessage,
    parameters: ApiRequest['parameters'],
    query: string,
    { settings }: Gateway,
  ) {
    this.id = id;
    this.parameters = parameters;
    this.query = query;
    this.authorization = request.headers.authorization ?? '';
    this.contentType = request.headers['content-type'] ?? '';
    // Node.js joins the values of a repeated header, unless it is one of its own.
    const key = request.headers['idempotency-key'];
    this.idempotencyKey = typeof key === 'string' ? key : key?.join(', ');
    this.#request = request;
    this.#maxBytes = settings.messageBytes * escapedSize + roomForIds;
  }

  body(): Promise<Result<Uint8Array, Problem>> {
    this.#body ??= readBytes(this.#request, this.#maxBytes);
    return this.#body;
  }
}

/**
 * Reads a body. If it is too long, the rest is read and dropped up to a bound, so that its sender gets to see the
 * answer.
 */
function readBytes(request: IncomingMessage, max: number): Promise<Result<Uint8Array, Problem>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= max) chunks.push(chunk);
      else if (bytes > max * droppedSize) {
        resolve(err(tooLarge(max)));
        request.destroy();
      }
    });
    request.on('end', () => resolve(bytes <= max ? ok(whole(chunks)) : err(tooLarge(max))));
    request.on('close', () => {
      if (!request.readableEnded)
        resolve(err(problem('malformed_body', { detail: 'The body was cut off.' })));
    });
  });
}

function whole(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function tooLarge(max: number): Problem {
  return problem('body_too_large', { detail: `A request is at most ${max} bytes.`, limit: max });
}

/** The answer to a request that can't be read. */
export function errorResponse(error: RequestError, headBytes: number): Uint8Array {
  return refusalResponse(problemOf(error, headBytes), [], [['X-Request-Id', `req_${newId()}`]]);
}

function problemOf(error: RequestError, headBytes: number): Problem {
  switch (error) {
    case 'malformed':
      return problem('malformed_request');
    case 'timed_out':
      return problem('request_timed_out');
    case 'headers_too_large': {
      const detail = `The first line and the headers of a request are at most ${headBytes} bytes.`;
      return problem('headers_too_large', { detail, limit: headBytes });
    }
  }
}
