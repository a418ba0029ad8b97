import { parseBroadcastId } from '../../wire/broadcast-id.ts';
import { problem } from '../../wire/problems.ts';
import type { RouteKey } from '../../wire/routes.ts';
import { authorized } from './authorized.ts';
import { type Call, document, noContent, refusal } from './call.ts';
import { postBroadcast } from './post-broadcast.ts';

/** `GET /broadcasts/{broadcast}`: how far a broadcast is that went on after its call, for a day. */
const getBroadcast = authorized(async ({ broadcasts }, { parameters }) => {
  const id = parseBroadcastId(parameters['broadcast'] ?? '');
  const progress = id && (await broadcasts.progress(id));
  if (progress === undefined) return refusal(problem('unknown_broadcast'));
  return document(200, { broadcast: id, ...progress });
});

/** `DELETE /broadcasts/{broadcast}`: cancels what has not been posted. */
const deleteBroadcast = authorized(async ({ broadcasts }, { parameters }) => {
  const id = parseBroadcastId(parameters['broadcast'] ?? '');
  if (id === undefined || !(await broadcasts.cancel(id))) return refusal(problem('unknown_broadcast'));
  return noContent;
});

/** The calls about broadcasts, by their routes. */
export const broadcastCalls = {
  'POST /broadcast': postBroadcast,
  'GET /broadcasts/{broadcast}': getBroadcast,
  'DELETE /broadcasts/{broadcast}': deleteBroadcast,
} satisfies Readonly<Record<RouteKey<'broadcast'>, Call>>;
