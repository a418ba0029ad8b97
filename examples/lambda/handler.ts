import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { hooks } from 'sockethook';
import { type FunctionUrlEvent, type FunctionUrlResult, toRequest, toResult } from './function-url.ts';

/** The app: what one client says, all on the same path hear. */
const app = hooks({
  handshake: ({ path }) => ({ reply: `This is ${path}.` }),
  message: ({ path, body }) => ({ broadcast: [{ body, path }] }),
  closed: ({ path }) => ({ broadcast: [{ body: 'Somebody left.', path }] }),
});

/** The Lambda behind the Function URL; anybody may call it, so it believes nothing that the gateway did not sign. */
export async function handler(event: FunctionUrlEvent): Promise<FunctionUrlResult> {
  await knowSecrets();
  return toResult(await app(toRequest(event)));
}

let readAgainAt = 0;
let reading: Promise<void> | undefined;

/** Secrets may be rotated while this process lives, so it reads them again every 5 minutes. */
async function knowSecrets(): Promise<void> {
  if (Date.now() < readAgainAt) return;
  reading ??= readSecrets().finally(() => {
    reading = undefined;
  });
  await reading;
}

/** Puts the gateway's webhook secrets where the SDK looks for them at every hook. */
async function readSecrets(): Promise<void> {
  const secret = new GetSecretValueCommand({ SecretId: process.env['WEBHOOK_SECRETS_SECRET'] });
  try {
    const { SecretString = '' } = await new SecretsManagerClient().send(secret);
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = SecretString;
    readAgainAt = Date.now() + 300_000;
  } catch (error) {
    // Without any, the gateway tries again, and then so do we. Those that are known will do for a while.
    if (readAgainAt === 0) throw error;
    readAgainAt = Date.now() + 30_000;
  }
}
