import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { hooks } from 'sockethook';
import { type FunctionUrlEvent, type FunctionUrlResult, toRequest, toResult } from './function-url.ts';

/** The app: a message goes to every client on the same path. */
const app = hooks({
  handshake: ({ path }) => ({ reply: `This is ${path}.` }),
  message: ({ path, body }) => ({ broadcast: [{ body, path }] }),
  closed: ({ path }) => ({ broadcast: [{ body: 'Somebody left.', path }] }),
});

/** The Lambda behind the Function URL. Anyone may call it, so it trusts only what the gateway signed. */
export async function handler(event: FunctionUrlEvent): Promise<FunctionUrlResult> {
  await knowSecrets();
  return toResult(await app(toRequest(event)));
}

let readAgainAt = 0;
let reading: Promise<void> | undefined;

/** Reads the secrets again every 5 minutes, since they may be rotated while this process lives. */
async function knowSecrets(): Promise<void> {
  if (Date.now() < readAgainAt) return;
  reading ??= readSecrets().finally(() => {
    reading = undefined;
  });
  await reading;
}

/** Puts the gateway's webhook secrets where the SDK looks for them on every hook. */
async function readSecrets(): Promise<void> {
  const secret = new GetSecretValueCommand({ SecretId: process.env['WEBHOOK_SECRETS_SECRET'] });
  try {
    const { SecretString = '' } = await new SecretsManagerClient().send(secret);
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = SecretString;
    readAgainAt = Date.now() + 300_000;
  } catch (error) {
    // Without any secret the hook fails, and the gateway's retry reads again. Known secrets still work for a while.
    if (readAgainAt === 0) throw error;
    readAgainAt = Date.now() + 30_000;
  }
}
