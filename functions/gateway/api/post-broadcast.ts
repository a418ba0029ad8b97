import { broadcastSchema } from '../../wire/deliveries.ts';
import { broadcast } from '../deliver/broadcast.ts';
import { authorized } from './authorized.ts';
import { document, refusal } from './call.ts';
import { readBody } from './read-body.ts';

/** `POST /broadcast`: a message for every socket, or for those of a path and a user; the outcome counts them. */
export const postBroadcast = authorized(async (gateway, request) => {
  const asked = await readBody(request, broadcastSchema(gateway.settings.messageBytes), {
    lists: ['except'],
  });
  return asked.ok ? document(200, await broadcast(gateway, asked.value)) : refusal(asked.fault);
});
