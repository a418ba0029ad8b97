import { type Send, sendSchema } from '../../wire/deliveries.ts';
import { limits } from '../../wire/limits.ts';
import { byteLength } from '../../wire/printable.ts';
import { problem } from '../../wire/problems.ts';
import { send } from '../deliver/send.ts';
import { authorized } from './authorized.ts';
import { type ApiRequest, document, refusal } from './call.ts';
import { idempotent } from './idempotent.ts';
import { readBody } from './read-body.ts';

/** `POST /send`: sends a message to up to 1,000 sockets. The answer has the outcome of each. */
export const postSend = authorized(async (gateway, request) => {
  const read = await readBody(request, sendSchema(gateway.settings.messageBytes));
  if (!read.ok) return refusal(read.error);
  if (!canBeKept(request, read.value)) return refusal(idsTooLong);
  return idempotent(gateway, request, 'POST /send', async (_, journal) =>
    document(200, await send(gateway, read.value, journal)),
  );
});

const idsTooLong = problem('invalid_field', {
  field: 'sockets',
  detail: `With an Idempotency-Key, the ids in "sockets" that no socket can have must be at most ${limits.keptIdsBytes} bytes together.`,
  limit: limits.keptIdsBytes,
});

/** The answer repeats ids that no socket can have, however long they are. One that is kept has to fit in an item. */
function canBeKept({ idempotencyKey }: ApiRequest, { malformed }: Send): boolean {
  return (
    idempotencyKey === undefined ||
    malformed.length === 0 ||
    byteLength(JSON.stringify(malformed)) <= limits.keptIdsBytes
  );
}
