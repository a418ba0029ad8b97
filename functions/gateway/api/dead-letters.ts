import * as v from 'valibot';
import { type DeadLetterId, parseDeadLetterId } from '../../wire/dead-letter-id.ts';
import { limits } from '../../wire/limits.ts';
import { problem } from '../../wire/problems.ts';
import type { RouteKey } from '../../wire/routes.ts';
import { type DeadLetter, replayOf } from '../dead-letters.ts';
import { authorized } from './authorized.ts';
import { type ApiRequest, type ApiResponse, type Call, document, noContent, refusal } from './call.ts';
import { invalidCursor, pageFields } from './page.ts';
import { readQuery } from './read-body.ts';

const body = v.optional(
  v.pipe(
    v.picklist(['true', 'false'], 'must be true or false'),
    v.transform((text) => text === 'true'),
  ),
  'false',
);
const oneSchema = v.strictObject({ body });
const listSchema = v.strictObject({ ...pageFields, body });

/**
 * `GET /dead-letters`: lists the dead letters, one page at a time, in the order of the times of their hooks. A page with
 * bodies has at most 6 letters.
 */
const getDeadLetters = authorized(async ({ deadLetters }, request) => {
  const read = readQuery(request, listSchema);
  if (!read.ok) return refusal(read.error);
  const { limit, cursor, body: hasBodies } = read.value;
  const most = hasBodies ? Math.min(limit, limits.deadLetterBodies) : limit;
  const page = await deadLetters.list(most, cursor, hasBodies);
  if (page === undefined) return invalidCursor();
  return document(200, { ...page, deadLetters: page.deadLetters.map((letter) => row(letter, hasBodies)) });
});

/** `GET /dead-letters/{deadLetter}`: one dead letter. */
const getDeadLetter = authorized(async ({ deadLetters }, request) => {
  const read = readQuery(request, oneSchema);
  if (!read.ok) return refusal(read.error);
  const id = idOf(request);
  const letter = id && (await deadLetters.get(id));
  return letter === undefined ? unknown() : document(200, row(letter, read.value.body));
});

/** `DELETE /dead-letters/{deadLetter}`: removes a dead letter. */
const deleteDeadLetter = authorized(async ({ deadLetters }, request) => {
  const id = idOf(request);
  return id !== undefined && (await deadLetters.remove(id)) ? noContent : unknown();
});

/** `POST /dead-letters/{deadLetter}/replay`: posts the hook of a dead letter again, soon. */
const replayDeadLetter = authorized(async ({ deadLetters, tasks, clock }, request) => {
  const id = idOf(request);
  const letter = id && (await deadLetters.get(id));
  if (letter === undefined) return unknown();
  await tasks.enqueue(replayOf(letter, clock.now()));
  // If the hook has died again meanwhile, that is another letter.
  await deadLetters.remove(letter.id, letter.diedAt);
  return document(202, { deadLetter: id });
});

/** `POST /dead-letters/replay`: posts the hooks of all dead letters again, one after another. */
const replayDeadLetters = authorized(async ({ tasks, clock }) => {
  const until = clock.now();
  await tasks.enqueue({ kind: 'replay', until });
  return document(202, { until });
});

/** The calls about dead letters, by their routes. */
export const deadLetterCalls = {
  'GET /dead-letters': getDeadLetters,
  'POST /dead-letters/replay': replayDeadLetters,
  'GET /dead-letters/{deadLetter}': getDeadLetter,
  'DELETE /dead-letters/{deadLetter}': deleteDeadLetter,
  'POST /dead-letters/{deadLetter}/replay': replayDeadLetter,
} satisfies Readonly<Record<RouteKey<'dead-letters'>, Call>>;

function idOf({ parameters }: ApiRequest): DeadLetterId | undefined {
  return parseDeadLetterId(parameters['deadLetter'] ?? '');
}

function unknown(): ApiResponse {
  return refusal(problem('unknown_dead_letter'));
}

/** A dead letter in an answer. */
function row({ id, hook, attempts, why, diedAt }: DeadLetter, hasBody: boolean) {
  const { event, socket, path, user, time, presence } = hook;
  return {
    deadLetter: id,
    event,
    socket,
    path,
    user,
    ...presence,
    attempts,
    lastError: why,
    time,
    diedAt,
    ...(hasBody ? { body: hook.body } : {}),
  };
}
