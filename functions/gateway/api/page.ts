import * as v from 'valibot';
import { limits } from '../../wire/limits.ts';
import { problem } from '../../wire/problems.ts';
import type { SocketPage } from '../ports.ts';
import type { SocketRecord } from '../record.ts';
import { type ApiResponse, document, refusal } from './call.ts';

/** The fields in the query of every call that lists. */
export const pageFields = {
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
};

/** The answer with a page of sockets. */
export function socketPage(page: SocketPage | undefined): ApiResponse {
  return page === undefined ? invalidCursor() : document(200, { ...page, sockets: page.sockets.map(row) });
}

/** The answer to a call whose cursor is not valid. */
export function invalidCursor(): ApiResponse {
  const detail = '"cursor" must be one that a page ended with.';
  return refusal(problem('invalid_field', { field: 'cursor', detail }));
}

/** A socket in an answer. */
export function row({ socket, path, user, openedAt }: SocketRecord) {
  return { socket, path, user, openedAt };
}
