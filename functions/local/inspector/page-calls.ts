import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import {
  type ApiRequest,
  type ApiResponse,
  noContent,
  refusal,
  unknownSocket,
} from '../../gateway/api/call.ts';
import { mediaTypeOf, readBody } from '../../gateway/api/read-body.ts';
import { route } from '../../gateway/api/route.ts';
import { closeSocket } from '../../gateway/end/close-socket.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { closeCodes } from '../../wire/close-codes.ts';
import { byteLength } from '../../wire/printable.ts';
import { problem } from '../../wire/problems.ts';
import { ok } from '../../wire/result.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { LocalRequest } from '../api-server.ts';

/** A call of the page, which answers as the HTTP API does. */
type PageCall = (gateway: Gateway, request: PageRequest) => Promise<ApiResponse>;

/** A request of the page. Its cookie stands for an API key. */
export class PageRequest extends LocalRequest {
  readonly identity = 'inspector';

  constructor(id: string, request: IncomingMessage, gateway: Gateway) {
    super(id, request, {}, '', gateway);
  }
}

/** RFC 6455 section 7.4.1 and 7.4.2: what an application may close with. Section 5.5: a close frame has 123 bytes for it. */
const close = { normal: closeCodes.normal.code, first: 3_000, last: 4_999, reasonBytes: 123 } as const;

const closeCode = v.pipe(
  v.number('must be a number'),
  v.check(
    (code) => code === close.normal || (Number.isInteger(code) && code >= close.first && code <= close.last),
    `must be ${close.normal}, or from ${close.first} to ${close.last}`,
  ),
);
const closeReason = v.pipe(
  v.string('must be text'),
  v.check(
    (text) => byteLength(text) <= close.reasonBytes,
    `must be at most ${close.reasonBytes} bytes of UTF-8`,
  ),
);
const closeSchema = v.strictObject({
  socket: v.string('must be a socket id, which is text'),
  code: v.optional(closeCode, close.normal),
  reason: v.optional(closeReason, ''),
});
const sendSchema = v.strictObject({
  socket: v.string('must be a socket id, which is text'),
  body: v.string('must be text'),
});

/** The calls of the page by their names. */
export const pageCalls: ReadonlyMap<string, PageCall> = new Map<string, PageCall>([
  ['send', json(send)],
  ['broadcast', json((gateway, request) => callApi(gateway, 'POST /broadcast', request))],
  ['close', json(closeOne)],
]);

/** Only JSON, since a browser lets any page post a form anywhere. */
function json(call: PageCall): PageCall {
  return (gateway, request) =>
    mediaTypeOf(request.contentType) === 'application/json'
      ? call(gateway, request)
      : Promise.resolve(
          refusal(problem('unsupported_media_type', { detail: 'The calls of the inspector take JSON.' })),
        );
}

async function send(gateway: Gateway, request: PageRequest): Promise<ApiResponse> {
  const read = await readBody(request, sendSchema);
  if (!read.ok) return refusal(read.error);
  const { socket, body } = read.value;
  const bytes = Buffer.from(JSON.stringify({ sockets: socket, body }));
  const { id, parameters, query, authorization, contentType, identity } = request;
  const asSent = { id, parameters, query, authorization, contentType, identity };
  return callApi(gateway, 'POST /send', { ...asSent, body: async () => ok(bytes) });
}

function callApi(gateway: Gateway, name: `POST /${string}`, request: ApiRequest): Promise<ApiResponse> {
  const [method = '', path = ''] = name.split(' ');
  const found = route(method, path);
  return found.ok ? found.value.call(gateway, request) : Promise.resolve(refusal(found.error.problem));
}

/** What `DELETE /sockets/{socket}` does, with a code and a reason. */
async function closeOne(gateway: Gateway, request: PageRequest): Promise<ApiResponse> {
  const read = await readBody(request, closeSchema);
  if (!read.ok) return refusal(read.error);
  const { code, reason } = read.value;
  const socket = parseSocketId(read.value.socket);
  const record = socket && (await gateway.registry.get(socket));
  if (socket === undefined || record === undefined || record.status === 'closing') return unknownSocket();
  // First, since the task of the closed hook closes a connection that is still there with 1000.
  await gateway.connections.close(socket, { code, reason });
  await closeSocket(gateway, socket, { code, reason });
  return noContent;
}
