import { sign } from '../../functions/wire/sign.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { testSecrets } from '../support/local.ts';
import { postAsIs } from '../support/post-as-is.ts';
import { must } from '../wire/must.ts';

/** How a form is sent. */
export const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** The secret that the gateway signs with first. */
export const [firstSecret = ''] = testSecrets.webhookSecrets;

/** The headers of a hook with this body, signed now or so many seconds from now. */
export function signed(
  body: string,
  secret = firstSecret,
  seconds = 0,
  id = 'message_x',
): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000) + seconds;
  const signature = sign({ id, timestamp, body }, [must(parseSigningKey(secret))]);
  return {
    ...form,
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  };
}

/** The body of a hook in a form: a message, but for these fields. */
export function hookBody(fields: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({
    event: 'message',
    from: 'nobody',
    body: 'hi',
    path: '/here',
    ...fields,
  }).toString();
}

let posted = 0;

/**
 * Posts a message hook that is signed for a path to an app, at `/websocket`, where it arrives as another one, as behind
 * a proxy; gives the status.
 */
export function postThroughProxy(port: number, path: string, arrives: string): Promise<number> {
  posted += 1;
  const body = hookBody({ path });
  return postAsIs(
    port,
    `/websocket/message${arrives}`,
    signed(body, firstSecret, 0, `message_${posted}`),
    body,
  );
}
