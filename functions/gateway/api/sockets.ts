import * as v from 'valibot';
import { groupText, pathText, someUserText } from '../../wire/schema.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { closeSocket } from '../end/close-socket.ts';
import { authorized } from './authorized.ts';
import { document, noContent, refusal, unknownSocket } from './call.ts';
import { pageFields, row, socketPage } from './page.ts';
import { readQuery } from './read-body.ts';

const listSchema = v.strictObject({
  ...pageFields,
  path: v.optional(pathText),
  user: v.optional(someUserText),
  group: v.optional(groupText),
});

/** `GET /sockets`: lists the sockets that a broadcast would reach, one page at a time. */
export const getSockets = authorized(async (gateway, request) => {
  const read = readQuery(request, listSchema);
  if (!read.ok) return refusal(read.error);
  const { limit, cursor, ...filter } = read.value;
  return socketPage(await gateway.registry.list(filter, limit, cursor));
});

/** `GET /sockets/{socket}`: one socket. 404 if a send would not reach it. */
export const getSocket = authorized(async (gateway, request) => {
  const socket = parseSocketId(request.parameters['socket'] ?? '');
  const record = socket && (await gateway.registry.get(socket));
  return record === undefined || record.status === 'closing' ? unknownSocket() : document(200, row(record));
});

/** `DELETE /sockets/{socket}`: closes a socket with 1000. */
export const deleteSocket = authorized(async (gateway, request) => {
  const socket = parseSocketId(request.parameters['socket'] ?? '');
  if (socket === undefined || (await closeSocket(gateway, socket)) === 'gone') return unknownSocket();
  return noContent;
});
