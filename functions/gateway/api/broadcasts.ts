import { parseBroadcastId } from '../../wire/broadcast-id.ts';
import { problem } from '../../wire/problems.ts';
import { authorized } from './authorized.ts';
import { document, noContent, refusal } from './call.ts';

/** `GET /broadcasts/{broadcast}`: how far a broadcast is that went on after its call, for a day. */
export const getBroadcast = authorized(async ({ broadcasts }, { parameters }) => {
  const id = parseBroadcastId(parameters['broadcast'] ?? '');
  const progress = id && (await broadcasts.progress(id));
  if (progress === undefined) return refusal(problem('unknown_broadcast'));
  return document(200, { broadcast: id, ...progress });
});

/** `DELETE /broadcasts/{broadcast}`: cancels what has not been posted. */
export const deleteBroadcast = authorized(async ({ broadcasts }, { parameters }) => {
  const id = parseBroadcastId(parameters['broadcast'] ?? '');
  if (id === undefined || !(await broadcasts.cancel(id))) return refusal(problem('unknown_broadcast'));
  return noContent;
});
