import { type SendFailure, sendFailures } from '../functions/wire/send-failures.ts';
import { ApiError } from './errors.ts';
import type {
  BroadcastProgress,
  BroadcastResult,
  GroupPage,
  GroupUser,
  OpenSocket,
  SendOutcome,
  UserPage,
} from './outcomes.ts';

/** Reads the answer to a send. Throws an `ApiError` if some other server gave it. */
export function readSendOutcome(answer: unknown): SendOutcome {
  const { delivered, queued, gone, failed } = fields(answer);
  if (!isCount(delivered) || !isCount(queued) || !Array.isArray(gone) || !Array.isArray(failed))
    throw foreign('POST /send');
  return { delivered, queued, gone: gone.map(String), failed: failed.map(readFailure) };
}

/** Reads the answer to a broadcast. Throws an `ApiError` if some other server gave it. */
export function readBroadcastResult(answer: unknown): BroadcastResult {
  const { broadcast, delivered, queued, gone, failed, unfinished } = fields(answer);
  if (typeof broadcast === 'string') return { broadcast };
  if (!isCount(delivered) || !isCount(queued) || !isCount(gone) || !isCount(failed))
    throw foreign('POST /broadcast');
  return { delivered, queued, gone, failed, ...(unfinished === true ? { unfinished } : {}) };
}

/** Reads the progress of a broadcast. Throws an `ApiError` if some other server gave it. */
export function readBroadcastProgress(answer: unknown): BroadcastProgress {
  const { broadcast, status, found, delivered, queued, gone, failed } = fields(answer);
  const known = statuses.find((name) => name === status);
  if (typeof broadcast !== 'string' || known === undefined || !isCount(found))
    throw foreign('GET /broadcasts');
  if (!isCount(delivered) || !isCount(queued) || !isCount(gone) || !isCount(failed))
    throw foreign('GET /broadcasts');
  return { broadcast, status: known, found, delivered, queued, gone, failed };
}

const statuses = ['running', 'done', 'cancelled'] as const;

/** Reads a page of sockets, which this call gave. Throws an `ApiError` if some other server gave it. */
export function readSocketPage(answer: unknown, call: string): GroupPage {
  const { sockets, cursor } = fields(answer);
  if (!Array.isArray(sockets)) throw foreign(call);
  const page = { sockets: sockets.map((entry: unknown) => readSocket(entry, call)) };
  return typeof cursor === 'string' ? { ...page, cursor } : page;
}

/** Reads a page of the users of a group. Throws an `ApiError` if some other server gave it. */
export function readUserPage(answer: unknown): UserPage {
  const { users, cursor } = fields(answer);
  if (!Array.isArray(users)) throw foreign('GET /groups');
  const page = { users: users.map(readUser) };
  return typeof cursor === 'string' ? { ...page, cursor } : page;
}

function readUser(entry: unknown): GroupUser {
  const { user, sockets } = fields(entry);
  if (typeof user !== 'string' || !isCount(sockets)) throw foreign('GET /groups');
  return { user, sockets };
}

function readSocket(entry: unknown, call: string): OpenSocket {
  const { socket, path, user, openedAt } = fields(entry);
  if (!isCount(openedAt)) throw foreign(call);
  return { socket: String(socket), path: String(path), user: String(user), openedAt: new Date(openedAt) };
}

function readFailure(entry: unknown): { socket: string; code: SendFailure } {
  const { socket, code } = fields(entry);
  return { socket: String(socket), code: sendFailures.find((known) => known === code) ?? 'post_failed' };
}

/** Whether a value is a whole number of things, or a time in milliseconds since 1970. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** The fields of an object. None if it is something else. */
export function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The error of an answer that some other server gave. */
export function foreign(call: string, status = 200): ApiError {
  const detail = 'an answer that is not a gateway’s. Is SOCKETHOOK_API_URL the gateway’s URL?';
  return new ApiError(call, status, { detail });
}
