import { sendSchema } from '../../wire/deliveries.ts';
import { send } from '../deliver/send.ts';
import { authorized } from './authorized.ts';
import { document, refusal } from './call.ts';
import { readBody } from './read-body.ts';

/** `POST /send`: sends a message to up to 1,000 sockets. The answer has the outcome of each. */
export const postSend = authorized(async (gateway, request) => {
  const read = await readBody(request, sendSchema(gateway.settings.messageBytes));
  return read.ok ? document(200, await send(gateway, read.value)) : refusal(read.error);
});
