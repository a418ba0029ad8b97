import { maySocketExist, toGroup } from './arguments.ts';
import { call, callSocket } from './call.ts';
import type { GroupPage, UserPage } from './outcomes.ts';
import { type PageOptions, pageQuery } from './page.ts';
import { readSocketPage, readUserPage } from './read-outcomes.ts';

/**
 * Adds a socket to a group, even one whose client is still connecting. Once it has resolved, the socket gets what is
 * broadcast to the group. Resolves to false if there is no such socket, or it has ended. A socket that is in the group
 * already stays in it. Rejects with an `ApiError` whose `problem` is `too_many_groups` if the socket would be in more
 * than 50 groups, or in groups whose names have more than 1,024 bytes together, and otherwise as `sendMessage`.
 */
export async function joinGroup(group: string, socket: string): Promise<boolean> {
  if (!maySocketExist(socket)) return false;
  return callSocket('PUT', groupPath(group, `/sockets/${encodeURIComponent(socket)}`));
}

/**
 * Takes a socket out of a group. Resolves to false if there is no such socket, or it has ended. A socket that is not in
 * the group stays as it is. Rejects as `sendMessage`.
 */
export async function leaveGroup(group: string, socket: string): Promise<boolean> {
  if (!maySocketExist(socket)) return false;
  return callSocket('DELETE', groupPath(group, `/sockets/${encodeURIComponent(socket)}`));
}

/**
 * Lists the sockets of a group, one page at a time. If a page has a `cursor`, there may be more. A group that nobody is in
 * gives an empty page. Rejects as `sendMessage`.
 */
export async function listGroup(group: string, options: PageOptions = {}): Promise<GroupPage> {
  return readSocketPage(await call('GET', groupPath(group, '/sockets', pageQuery(options))), 'GET /groups');
}

/**
 * Lists the users with sockets in a group, one page at a time. If a page has a `cursor`, there may be more. Sockets without
 * a user are not listed. Rejects as `sendMessage`.
 */
export async function listUsers(group: string, options: PageOptions = {}): Promise<UserPage> {
  return readUserPage(await call('GET', groupPath(group, '/users', pageQuery(options))));
}

/** A name that nothing on the way decodes or shortens. */
const plain = /^[A-Za-z0-9_.:@~-]+$/;

/** Path segments that mean something else: RFC 3986 section 5.2.4, and the segment of a name that is in the query. */
const taken: ReadonlySet<string> = new Set(['.', '..', '-']);

/**
 * The path of a call about a group. API Gateway decodes a path before it routes it, so a name with a slash or a question
 * mark does not survive there. Such a name travels in the query, with `-` in its place.
 */
function groupPath(group: string, rest: string, query = new URLSearchParams()): string {
  const name = toGroup(group);
  const isPlain = plain.test(name) && !taken.has(name);
  if (!isPlain) query.set('group', name);
  return `/groups/${isPlain ? name : '-'}${rest}${query.size === 0 ? '' : `?${query}`}`;
}
