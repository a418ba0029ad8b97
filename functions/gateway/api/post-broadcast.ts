import { broadcastSchema } from '../../wire/deliveries.ts';
import { broadcast } from '../deliver/broadcast.ts';
import { authorized } from './authorized.ts';
import { document, refusal } from './call.ts';
import { readBody } from './read-body.ts';

/** `POST /broadcast`: sends a message to every socket, or to those of a path or user. The answer counts the outcomes. */
export const postBroadcast = authorized(async (gateway, request) => {
  const read = await readBody(request, broadcastSchema(gateway.settings.messageBytes), {
    lists: ['except'],
  });
  return read.ok ? document(200, await broadcast(gateway, read.value)) : refusal(read.error);
});
