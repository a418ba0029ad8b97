import type { GatewayWorld, Subject } from '../contract/gateway/world.ts';
import { Api } from '../support/api.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { HookPoller } from './hook-poller.ts';
import { Verification, type VerificationPlan } from './verification.ts';

/** What a hook may take at least, in milliseconds: the relay's way to this machine and back is no app's. */
const minHookMs = 5_000;

/** How long a stage may answer nothing but 403 after a deploy, in milliseconds. */
const settlingMs = 60_000;

/** Deploys with the settings of a part of the suite, and puts an app of this process behind the relay. */
export async function startWorld(
  verification: Verification,
  settings: Readonly<Record<string, string>> = {},
): Promise<GatewayWorld> {
  const HOOK_TIMEOUT_MS = String(Math.max(minHookMs, Number(settings['HOOK_TIMEOUT_MS'] ?? 10_000)));
  const all = Object.entries({ ...settings, HOOK_TIMEOUT_MS });
  await verification.deploy(Object.fromEntries(all.map(([name, value]) => [camelCase(name), value])));
  const app = new RecordingApp(verification.output('WebhookBaseUrl'));
  await app.listen();
  const names = {
    region: verification.output('Region'),
    queueUrl: verification.output('HooksQueue'),
    table: verification.output('AnswersTable'),
  };
  const poller = new HookPoller(names, app);
  const { apiKeys, webhookSecrets, urlKeys } = verification.plan.secrets;
  const url = verification.output('WebSocketUrl');
  const world: GatewayWorld = {
    ...{ app, apiKeys, webhookSecrets, urlKeys },
    api: new Api(verification.apiUrl, apiKeys[0] ?? ''),
    at: (path, query = '') => `${url}?path=${encodeURIComponent(path)}${query && `&${query}`}`,
    stop: async () => {
      await poller.stop();
      await app.stop();
    },
  };
  await settled(world);
  return world;
}

/** Resolves when both stages are what was deployed: a new one answers 403 for some seconds. */
async function settled({ api }: GatewayWorld): Promise<void> {
  const deadline = Date.now() + settlingMs;
  while (Date.now() < deadline) {
    const answer = await fetch(`${api.url}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${api.url}/health does not answer.`);
}

/** The deployed gateway as the suite sees it, by the plan that the run hands on. */
export function verifiedSubject(plan: VerificationPlan): Subject {
  const verification = Verification.of(plan);
  return {
    name: 'verified stack',
    keepsOrder: false,
    tellsRefusals: false,
    answersEverything: true,
    closesWith: 1000,
    startMs: 600_000,
    // The emulator's server knows only one status of a refusal.
    ...(plan.emulator === undefined ? {} : { refusesWith: 403 }),
    start: async (settings) => startWorld(await verification, settings),
  };
}

/** A setting's name in the context: `HOOK_TIMEOUT_MS` is `hookTimeoutMs`. */
function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
