import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { hooks } from 'sockethook';
import { type FunctionUrlEvent, type FunctionUrlResult, toRequest, toResult } from './function-url.ts';

/** The app: what one client says, all on the same path hear. */
const app = hooks({
  handshake: ({ path }) => ({ reply: `This is ${path}.` }),
  message: ({ path, body }) => ({ broadcast: [{ body, path }] }),
  closed: ({ path }) => ({ broadcast: [{ body: 'Somebody left.', path }] }),
});

let known: Promise<void> | undefined;

/** The Lambda behind the Function URL; anybody may call it, so it believes nothing that the gateway did not sign. */
export async function handler(event: FunctionUrlEvent): Promise<FunctionUrlResult> {
  known ??= learnSecret();
  await known;
  return toResult(await app(toRequest(event)));
}

/** Reads the gateway's webhook secrets once per process; the SDK finds them in its own variable. */
async function learnSecret(): Promise<void> {
  const secret = new GetSecretValueCommand({ SecretId: process.env['WEBHOOK_SECRETS_SECRET'] });
  try {
    const { SecretString = '' } = await new SecretsManagerClient().send(secret);
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = SecretString;
  } catch (error) {
    // The gateway tries again, and then so do we.
    known = undefined;
    throw error;
  }
}
