import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApiResponse, refusal } from '../../functions/gateway/api/call.ts';
import { route } from '../../functions/gateway/api/routes.ts';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import type { Log } from '../../functions/gateway/ports.ts';
import { cut } from '../../functions/wire/path.ts';
import { type Problem, problem } from '../../functions/wire/problems.ts';
import { fault, ok, type Result } from '../../functions/wire/result.ts';
import { newId } from './ids.ts';

/** A message of so many bytes is at most six times as long in JSON (`\u0001`); the rest is room for 1,000 ids. */
const escapedSize = 6;
const roomForIds = 262_144;
/** How many times the limit is read of a body that is too long, before its connection is cut. */
const droppedSize = 16;

/** Answers a request to the HTTP API. Every answer names the request in `X-Request-Id`, as do the logs. */
export async function answerHttp(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const id = `req_${newId()}`;
  const log = logOf(gateway.log, id);
  const answer = await answerCall({ ...gateway, log }, request, id).catch((error: unknown) => {
    log.error('fault', { why: String(error) });
    return refusal(problem('internal_error'));
  });
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status === 204 ? {} : { 'Content-Length': Buffer.byteLength(answer.body) }),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': id,
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerCall(gateway: Gateway, request: IncomingMessage, id: string): Promise<ApiResponse> {
  const [path, query] = cut(request.url ?? '', '?');
  const found = route(request.method ?? '', path);
  if (!found.ok) {
    const { problem, allow } = found.fault;
    return refusal(problem, allow === undefined ? {} : { Allow: allow });
  }
  const mostBytes = gateway.settings.messageBytes * escapedSize + roomForIds;
  return found.value.call(gateway, {
    id,
    parameters: found.value.parameters,
    query: new URLSearchParams(query),
    authorization: request.headers.authorization ?? '',
    contentType: request.headers['content-type'] ?? '',
    body: () => readBytes(request, mostBytes),
  });
}

/**
 * Reads a body. One that is too long is read on and dropped, so that its sender gets to see the answer, but not for
 * ever.
 */
async function readBytes(request: IncomingMessage, most: number): Promise<Result<Uint8Array, Problem>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes <= most) chunks.push(chunk);
      else if (bytes > most * droppedSize) break;
    }
  } catch {
    return fault(problem('malformed_body', { detail: 'The body was cut off.' }));
  }
  if (bytes <= most) return ok(Buffer.concat(chunks));
  return fault(problem('body_too_large', { detail: `A request is at most ${most} bytes.`, limit: most }));
}

/** A log whose every line names the request. */
function logOf(log: Log, request: string): Log {
  return {
    info: (event, fields) => log.info(event, { request, ...fields }),
    warn: (event, fields) => log.warn(event, { request, ...fields }),
    warnOnce: (event, fields) => log.warnOnce(event, { request, ...fields }),
    error: (event, fields) => log.error(event, { request, ...fields }),
  };
}
