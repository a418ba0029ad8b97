import * as v from 'valibot';
import { type GroupChange, type GroupName, parseGroup } from '../../wire/group.ts';
import { limits } from '../../wire/limits.ts';
import { type Problem, problem } from '../../wire/problems.ts';
import { err, ok, type Result } from '../../wire/result.ts';
import type { RouteKey } from '../../wire/routes.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';
import { tooManyGroups } from '../../wire/ticket.ts';
import type { Gateway } from '../gateway.ts';
import { tellingPresence, wantsPresence } from '../presence-changes.ts';
import { authorized } from './authorized.ts';
import {
  type ApiRequest,
  type ApiResponse,
  type Call,
  document,
  noContent,
  refusal,
  unknownSocket,
} from './call.ts';
import { invalidCursor, pageFields, socketPage } from './page.ts';
import { readQuery } from './read-body.ts';

/** The segment of a path in place of a group whose name is in the query. */
const inQuery = '-';

/** The fields in the query of a call about a group. */
const groupFields = { group: v.optional(v.string('must be one name')) };
const groupSchema = v.strictObject(groupFields);
const groupPageSchema = v.strictObject({ ...groupFields, ...pageFields });

/** `PUT /groups/{group}/sockets/{socket}`: a socket joins a group. */
const putGroupSocket = authorized((gateway, request) =>
  changeGroup(gateway, request, (group) => ({ join: [group], leave: [] })),
);

/** `DELETE /groups/{group}/sockets/{socket}`: a socket leaves a group. */
const deleteGroupSocket = authorized((gateway, request) =>
  changeGroup(gateway, request, (group) => ({ join: [], leave: [group] })),
);

/** `GET /groups/{group}/sockets`: lists the sockets in a group, one page at a time. */
const getGroupSockets = authorized(async (gateway, request) => {
  const read = readPage(request);
  if (!read.ok) return refusal(read.error);
  const { group, limit, cursor } = read.value;
  return socketPage(await gateway.registry.list({ group }, limit, cursor));
});

/** `GET /groups/{group}/users`: lists the users in a group, one page at a time. */
const getGroupUsers = authorized(async (gateway, request) => {
  const read = readPage(request);
  if (!read.ok) return refusal(read.error);
  const { group, limit, cursor } = read.value;
  const page = await gateway.registry.listUsers(group, limit, cursor);
  return page === undefined ? invalidCursor() : document(200, page);
});

/** `GET /groups/{group}`: counts the sockets and the users in a group, up to 10,000 sockets. */
const getGroup = authorized(async (gateway, request) => {
  const read = readGroup(request, groupSchema);
  if (!read.ok) return refusal(read.error);
  const { group } = read.value;
  const users = new Set<string>();
  let sockets = 0;
  for await (const { records } of gateway.registry.pages({ group })) {
    for (const { user } of records) {
      if (sockets === limits.groupCount)
        return document(200, { group, sockets, users: users.size, more: true });
      sockets += 1;
      if (user !== '') users.add(user);
    }
  }
  return document(200, { group, sockets, users: users.size, more: false });
});

/** The calls about groups, by their routes. */
export const groupCalls = {
  'GET /groups/{group}': getGroup,
  'GET /groups/{group}/sockets': getGroupSockets,
  'GET /groups/{group}/users': getGroupUsers,
  'PUT /groups/{group}/sockets/{socket}': putGroupSocket,
  'DELETE /groups/{group}/sockets/{socket}': deleteGroupSocket,
} satisfies Readonly<Record<RouteKey<'groups'>, Call>>;

async function changeGroup(
  gateway: Gateway,
  request: ApiRequest,
  change: (group: GroupName) => GroupChange,
): Promise<ApiResponse> {
  const read = readGroup(request, groupSchema);
  if (!read.ok) return refusal(read.error);
  const content = await request.body();
  if (!content.ok) return refusal(content.error);
  if (content.value.length > 0) return refusal(problem('malformed_body', { detail: noBody }));
  const socket = parseSocketId(request.parameters['socket'] ?? '');
  const changed = socket && (await changeGroups(gateway, socket, change(read.value.group)));
  if (socket === undefined || changed === 'gone') return unknownSocket();
  if (changed === 'done') return noContent;
  const isFull = ((await gateway.registry.get(socket))?.groups.length ?? 0) >= limits.groups;
  const detail = `The socket can't join this group: ${tooManyGroups}.`;
  return refusal(problem('too_many_groups', { detail, limit: isFull ? limits.groups : limits.groupsBytes }));
}

async function changeGroups(
  gateway: Gateway,
  socket: SocketId,
  change: GroupChange,
): Promise<'done' | 'gone' | 'outdated' | 'too_many_groups'> {
  const { registry } = gateway;
  if (!wantsPresence(gateway)) return registry.changeGroups(socket, change);
  const record = await registry.get(socket);
  if (record === undefined) return 'gone';
  return tellingPresence(gateway, record, change, () => registry.changeGroups(socket, change, record));
}

const noBody = 'This call takes no body. Its group is in the path or in the query.';

type GroupQuery = { readonly group?: string | undefined };

function readPage(request: ApiRequest) {
  return readGroup(request, groupPageSchema);
}

/**
 * Reads the query of a call, and the group that it is about. API Gateway decodes a path before it routes by it, and
 * cuts it at a decoded `?`. So a name can also be in the query, which it leaves alone. The segment of the path is then
 * `-`, and only then.
 */
function readGroup<Query extends GroupQuery>(
  request: ApiRequest,
  schema: v.GenericSchema<unknown, Query>,
): Result<Omit<Query, 'group'> & { readonly group: GroupName }, Problem> {
  const read = readQuery(request, schema);
  if (!read.ok) return read;
  const segment = request.parameters['group'] ?? '';
  const name = read.value.group;
  if (name !== undefined && segment !== inQuery)
    return invalidGroup(
      `must be in the path or in the query; with a name in the query, write "/groups/${inQuery}"`,
    );
  if (name === undefined && segment === inQuery)
    return invalidGroup(`is missing: after "/groups/${inQuery}", the query must have the name as "group"`);
  if (segment === '') return invalidGroup('is empty in the path, or has escapes that are not UTF-8');
  const group = parseGroup(name ?? segment);
  return group.ok
    ? ok({ ...read.value, group: group.value })
    : invalidGroup(`is not allowed: ${group.error}`);
}

function invalidGroup(why: string): Result<never, Problem> {
  return err(problem('invalid_field', { field: 'group', detail: `"group" ${why}.` }));
}
