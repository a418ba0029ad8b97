/**
 * The management API, `/{stage}/@connections/{id}`, and what else comes over plain HTTP:
 * - a plain GET outside of @connections is 426, any other method 403
 * - POST is 200 without a body, and the client gets the bytes as a text frame
 * - GET is 200 with connectedAt, identity and lastActiveAt
 * - DELETE is 204 without a body: the client sees 1000, and $disconnect "Connection Closed Normally"
 * - the path may say %40connections, and the id be escaped or not
 * - another stage or none, a deeper path or another method is 403 {"message":"Forbidden"}
 * - a call without a SigV4 signature for execute-api is 403 {"message":"Forbidden"}
 * - an id of another form than those of API Gateway is 400, "Invalid connectionId"
 * - an id that is unknown, or not any more known, is 410 with x-amzn-ErrorType and without a body
 * - an id is unknown to POST, GET and DELETE until the 101
 * - a body of more than 128 KiB is 413
 * - the AWS SDK names the errors
 * - the fault gone: a POST to a living connection is 410
 * - the fault throttled: a POST is 429
 * - the fault validAfterMs: an id is unknown for a while after the 101
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Api } from './api.ts';
import type { Connection } from './connection.ts';
import { endings } from './endings.ts';
import { isId, newId } from './ids.ts';

interface Answer {
  readonly status: number;
  readonly errorType?: string;
  readonly json?: object;
}

const path = /^\/([^/]+)\/(?:@|%40)connections\/([^/]+)$/;
/** Only its presence is checked: anybody's signature will do. */
const signature =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/execute-api\/aws4_request, ?SignedHeaders=[\w;-]+, ?Signature=[\da-f]{64}$/;

const upgradeRequired: Answer = { status: 426, json: { message: 'Upgrade Required' } };
const forbidden: Answer = { status: 403, errorType: 'ForbiddenException', json: { message: 'Forbidden' } };
const gone: Answer = { status: 410, errorType: 'GoneException' };
const throttled: Answer = {
  status: 429,
  errorType: 'LimitExceededException',
  json: { message: 'Limit exceeded' },
};
const tooLarge: Answer = {
  status: 413,
  errorType: 'PayloadTooLargeException',
  json: { message: 'The data has exceeded the maximum size allowed' },
};

/** Answers a plain HTTP request: a call of the management API, well-formed or not, or none of its business. */
export async function answerCall(
  api: Api,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await read(request);
  const { status, errorType, json } = answer(api, request, body);
  response.writeHead(status, {
    'x-amzn-RequestId': newId(),
    ...(status === 426 && { Connection: 'Upgrade', Upgrade: 'websocket' }),
    ...(errorType !== undefined && { 'x-amzn-ErrorType': errorType }),
    ...(json !== undefined && { 'Content-Type': 'application/json' }),
    ...(json === undefined && status !== 204 && { 'Content-Length': 0 }),
  });
  response.end(json && JSON.stringify(json));
}

function answer(api: Api, { method, url, headers }: IncomingMessage, body: Buffer): Answer {
  if (method === 'GET' && !/\/(?:@|%40)connections\//.test(url ?? '')) return upgradeRequired;
  const [, stage, escapedId = ''] = path.exec((url ?? '').split('?')[0] ?? '') ?? [];
  const isSigned = signature.test(headers.authorization ?? '');
  if (stage !== api.stage || !isSigned) return forbidden;
  if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') return forbidden;
  const id = unescaped(escapedId);
  if (!isId(id)) {
    const json = { message: `Invalid connectionId: ${id}` };
    return { status: 400, errorType: 'BadRequestException', json };
  }
  if (method === 'POST' && api.faults.strikes('throttled', id)) return throttled;
  if (method === 'POST' && body.length > api.limits.messageBytes) return tooLarge;
  const connection = api.connections.get(id);
  if (!connection?.isValid) return gone;
  if (method === 'POST') return post(api, connection, body);
  return method === 'GET' ? describe(connection) : cut(connection);
}

function post({ faults }: Api, connection: Connection, body: Buffer): Answer {
  if (faults.strikes('gone', connection.client.connectionId)) return gone;
  connection.send(body);
  return { status: 200 };
}

function describe({ client, lastActiveAt }: Connection): Answer {
  const [connected, active] = [client.connectedAt, lastActiveAt].map((time) => new Date(time).toISOString());
  return { status: 200, json: { connectedAt: connected, identity: client.identity, lastActiveAt: active } };
}

function cut(connection: Connection): Answer {
  connection.close(endings.deleted, '');
  return { status: 204 };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
