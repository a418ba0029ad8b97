import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshSecrets, type VerificationPlan } from './verification.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A plan of its own, for the account of the shell's credentials; `VERIFY_EMULATOR` is where an emulator has its APIs. */
export async function newPlan(environment: Environment): Promise<VerificationPlan> {
  const { VERIFY_EMULATOR: url, AWS_ENDPOINT_URL: endpoint } = environment;
  return {
    stackName: `SockethookVerify-${randomBytes(4).toString('hex')}`,
    folder: await mkdtemp(join(tmpdir(), 'sockethook-verify-')),
    secrets: freshSecrets(),
    emulator: url === undefined || endpoint === undefined ? undefined : { url, endpoint },
  };
}

/** Hands a plan on to a process. */
export function environmentOf(plan: VerificationPlan): Record<string, string> {
  return { VERIFY_PLAN: JSON.stringify(plan) };
}

/** The plan that was handed on; throws where there is none. */
export function planOf({ VERIFY_PLAN: plan }: Environment): VerificationPlan {
  if (plan === undefined) throw new Error('This suite is run by npm run verify:aws.');
  return JSON.parse(plan);
}
