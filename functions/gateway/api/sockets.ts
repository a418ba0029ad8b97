import * as v from 'valibot';
import { limits } from '../../wire/limits.ts';
import { problem } from '../../wire/problems.ts';
import { pathText, readBy, someUserText } from '../../wire/schema.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { closeSocket } from '../end/close-socket.ts';
import type { SocketRecord } from '../record.ts';
import { authorized } from './authorized.ts';
import { type ApiResponse, document, refusal } from './call.ts';
import { readFields } from './read-body.ts';

const listSchema = v.strictObject({
  path: v.optional(pathText),
  user: v.optional(someUserText),
  cursor: v.optional(v.string()),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}$/, 'must be a number'),
      v.transform(Number),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(limits.pageSize, `must be at most ${limits.pageSize}`),
    ),
    String(limits.pageSizeDefault),
  ),
});

/** `GET /sockets`: lists the sockets that a broadcast would reach, one page at a time. */
export const getSockets = authorized(async (gateway, request) => {
  const read = readBy(listSchema, readFields(request.query));
  if (!read.ok) return refusal(problem(read.error.code, read.error));
  const { path, user, limit, cursor } = read.value;
  const page = await gateway.registry.list({ path, user }, limit, cursor);
  if (page === undefined) {
    return refusal(
      problem('invalid_field', { field: 'cursor', detail: '"cursor" must be one that a page ended with.' }),
    );
  }
  return document(200, { ...page, sockets: page.sockets.map(row) });
});

/** `GET /sockets/{socket}`: one socket. 404 if a send would not reach it. */
export const getSocket = authorized(async (gateway, request) => {
  const socket = parseSocketId(request.parameters['socket'] ?? '');
  const record = socket && (await gateway.registry.get(socket));
  return record === undefined || record.status === 'closing' ? unknown() : document(200, row(record));
});

/** `DELETE /sockets/{socket}`: closes a socket with 1000. */
export const deleteSocket = authorized(async (gateway, request) => {
  const socket = parseSocketId(request.parameters['socket'] ?? '');
  if (socket === undefined || (await closeSocket(gateway, socket)) === 'gone') return unknown();
  return { status: 204, headers: {}, body: '' };
});

function row({ socket, path, user, openedAt }: SocketRecord) {
  return { socket, path, user, openedAt };
}

function unknown(): ApiResponse {
  return refusal(problem('unknown_socket'));
}
