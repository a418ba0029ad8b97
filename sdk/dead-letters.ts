import { type DeadLetterId, parseDeadLetterId } from '../functions/wire/dead-letter-id.ts';
import { call, change, changeKnown, getKnown } from './call.ts';
import { ArgumentError } from './errors.ts';
import type { DeadLetter, DeadLetterPage } from './outcomes.ts';
import { type PageOptions, pageQuery } from './page.ts';
import { readDeadLetter, readDeadLetterPage } from './read-dead-letters.ts';

/** What to get of a dead letter. */
export interface DeadLetterOptions {
  /** Whether to get what the client said, too. False by default. */
  readonly body?: boolean;
}

/**
 * Lists the hooks that the gateway has given up, one page at a time, in the order of their times. If a page has a
 * `cursor`, there may be more. A page with bodies has at most 6. Rejects as `sendMessage`.
 */
export async function listDeadLetters({
  body,
  ...page
}: PageOptions & DeadLetterOptions = {}): Promise<DeadLetterPage> {
  return readDeadLetterPage(await call('GET', withQuery('/dead-letters', withBody(pageQuery(page), body))));
}

/**
 * Gets one dead letter. Resolves to undefined if there is no such letter: they are kept for 14 days, and go when they are
 * replayed. Rejects as `sendMessage`.
 */
export async function getDeadLetter(
  deadLetter: string,
  { body }: DeadLetterOptions = {},
): Promise<DeadLetter | undefined> {
  const query = withBody(new URLSearchParams(), body);
  const id = idOf(deadLetter);
  if (id === undefined) return undefined;
  const known = await getKnown(withQuery(`/dead-letters/${id}`, query), 'unknown_dead_letter');
  return known.isKnown ? readDeadLetter(known.answer) : undefined;
}

/**
 * Has the hook of a dead letter posted again, soon, with the same `webhook-id`. If the app does not accept it this time
 * either, it becomes a letter again, with the same id. Resolves to false if there is no such letter. Rejects as
 * `sendMessage`.
 */
export async function replayDeadLetter(deadLetter: string): Promise<boolean> {
  const id = idOf(deadLetter);
  if (id === undefined) return false;
  return changeKnown('POST', `/dead-letters/${id}/replay`, { done: 202, unknown: 'unknown_dead_letter' });
}

/** Has the hooks of all dead letters posted again that there are by now. Resolves when that begins. Rejects as `sendMessage`. */
export async function replayDeadLetters(): Promise<void> {
  await change('POST', '/dead-letters/replay', 202);
}

/** Deletes a dead letter. Its hook is lost. Resolves to false if there is no such letter. Rejects as `sendMessage`. */
export async function deleteDeadLetter(deadLetter: string): Promise<boolean> {
  const id = idOf(deadLetter);
  if (id === undefined) return false;
  return changeKnown('DELETE', `/dead-letters/${id}`, { done: 204, unknown: 'unknown_dead_letter' });
}

/** Undefined if no letter can have this id. Throws an `ArgumentError` if it is no text, or empty. */
function idOf(deadLetter: string): DeadLetterId | undefined {
  if (typeof deadLetter !== 'string' || deadLetter === '')
    throw new ArgumentError('deadLetter', 'must be the id of a dead letter');
  return parseDeadLetterId(deadLetter);
}

function withBody(query: URLSearchParams, body: boolean | undefined): URLSearchParams {
  if (body !== undefined && typeof body !== 'boolean')
    throw new ArgumentError('body', 'must be true or false');
  if (body === true) query.set('body', 'true');
  return query;
}

function withQuery(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query}`;
}
