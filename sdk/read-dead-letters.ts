import { hookEvents } from '../functions/wire/hook.ts';
import type { DeadLetter, DeadLetterPage } from './outcomes.ts';
import { fields, foreign, isCount } from './read-outcomes.ts';

/** Reads a page of dead letters. Throws an `ApiError` if some other server gave it. */
export function readDeadLetterPage(answer: unknown): DeadLetterPage {
  const { deadLetters, cursor } = fields(answer);
  if (!Array.isArray(deadLetters)) throw foreign('GET /dead-letters');
  const page = { deadLetters: deadLetters.map(readDeadLetter) };
  return typeof cursor === 'string' ? { ...page, cursor } : page;
}

/** Reads a dead letter. Throws an `ApiError` if some other server gave it. */
export function readDeadLetter(answer: unknown): DeadLetter {
  const row = fields(answer);
  const { deadLetter, event, socket, path, user, attempts, lastError, time, diedAt, body } = row;
  const { group, sequence } = row;
  const known = hookEvents.find((name) => name === event);
  if (typeof deadLetter !== 'string' || known === undefined) throw foreign('GET /dead-letters');
  if (!isCount(attempts) || !isCount(time) || !isCount(diedAt)) throw foreign('GET /dead-letters');
  return {
    deadLetter,
    event: known,
    socket: String(socket),
    path: String(path),
    user: String(user),
    ...(typeof group === 'string' && isCount(sequence) ? { group, sequence } : {}),
    attempts,
    lastError: String(lastError),
    time: new Date(time),
    diedAt: new Date(diedAt),
    ...(typeof body === 'string' ? { body } : {}),
  };
}
