import { type Broadcast, broadcastSchema } from '../../wire/deliveries.ts';
import { problem } from '../../wire/problems.ts';
import { broadcast } from '../deliver/broadcast.ts';
import type { Journal } from '../deliver/journal.ts';
import type { Gateway } from '../gateway.ts';
import { authorized } from './authorized.ts';
import { type ApiResponse, document, refusal } from './call.ts';
import { idempotent } from './idempotent.ts';
import { readBody } from './read-body.ts';

/**
 * `POST /broadcast`: sends a message to every socket, or to those of a path, user or group. 200 with the counts of the
 * outcomes if it ended within the call. Otherwise 202 with the place where its progress is.
 */
export const postBroadcast = authorized(async (gateway, request) => {
  const read = await readBody(request, broadcastSchema(gateway.settings.messageBytes), {
    lists: ['except'],
  });
  if (!read.ok) return refusal(read.error);
  return idempotent(gateway, request, 'POST /broadcast', (source, journal) =>
    answerOf(gateway, source, read.value, journal),
  );
});

async function answerOf(
  gateway: Gateway,
  source: string,
  asked: Broadcast,
  journal: Journal | undefined,
): Promise<ApiResponse> {
  const outcome = await broadcast(gateway, source, asked, journal);
  if (!('id' in outcome)) return document(200, outcome);
  const { id } = outcome;
  if (id === 'full') return refusal(problem('too_many_broadcasts'));
  const accepted = document(202, { broadcast: id });
  return { ...accepted, headers: { ...accepted.headers, Location: `/broadcasts/${id}` } };
}
