import { limits } from '../functions/wire/limits.ts';
import { ArgumentError } from './errors.ts';

/** The part of a list to get. */
export interface PageOptions {
  /** How many entries to get at most: 1 to 1,000, 100 by default. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly cursor?: string;
}

/** The query that asks for this part. Throws an `ArgumentError` if the gateway would refuse it. */
export function pageQuery({ limit, cursor }: PageOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (limit !== undefined) {
    if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageSize)
      throw new ArgumentError('limit', `must be a whole number from 1 to ${limits.pageSize}`);
    query.set('limit', String(limit));
  }
  if (cursor !== undefined) {
    if (typeof cursor !== 'string' || cursor === '')
      throw new ArgumentError('cursor', 'must be one that a page ended with');
    query.set('cursor', cursor);
  }
  return query;
}
