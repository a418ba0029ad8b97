import { setTimeout as sleep } from 'node:timers/promises';
import type { Subject } from '../contract/gateway/world.ts';
import { Api } from '../support/api.ts';
import { Client, tryConnect } from '../support/client.ts';
import { testSecrets } from '../support/local.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { Deployment } from './deployment.ts';

let deployment: Promise<Deployment> | undefined;

/** The stack on MiniStack: deployed once, and again for every part of the suite with that part's settings. */
export const deployedSubject: Subject = {
  name: 'deployed stack',
  keepsOrder: false,
  tellsRefusals: false,
  answersEverything: true,
  closesWith: 1000,
  // On AWS a refused client sees the status of `$connect`; the emulator's server knows only one.
  refusesWith: 403,
  start: async (settings = {}) => {
    deployment ??= Deployment.bootstrapped();
    const stack = await deployment;
    const app = new RecordingApp();
    const all = { WEBHOOK_BASE_URL: await app.listen(), HOOK_TIMEOUT_MS: '15000', ...settings };
    await stack.deploy(
      Object.fromEntries(Object.entries(all).map(([name, value]) => [camelCase(name), value])),
    );
    const at = (path: string, query = ''): string =>
      `${stack.webSocketUrl}?path=${encodeURIComponent(path)}${query && `&${query}`}`;
    await appIsBack(stack.apiUrl, at('/back'));
    return {
      app,
      api: new Api(stack.apiUrl, testSecrets.apiKeys[0] ?? ''),
      webhookSecrets: testSecrets.webhookSecrets,
      apiKeys: testSecrets.apiKeys,
      urlKeys: testSecrets.urlKeys,
      at,
      stop: () => app.stop(),
    };
  },
};

/** For how long clients try to be let in, in milliseconds: longer than any pause between probes, and a turn of them. */
const patienceMs = 60_000;

/**
 * While the stack was deployed again, the app of the part before had gone, and hooks that it did not take may have
 * opened the breaker. A client that is let in has closed it. Where none is let in, the part asks for no open one.
 */
async function appIsBack(apiUrl: string, url: string): Promise<void> {
  const health = await (await fetch(`${apiUrl}/health`)).text();
  if (health.includes('"breaker":"closed"')) return;
  for (const until = Date.now() + patienceMs; Date.now() < until; ) {
    const client = await tryConnect(url);
    if (client instanceof Client) return void (await client.close());
    await sleep(500);
  }
}

/** Ends the emulator. */
export async function stopDeployment(): Promise<void> {
  await (await deployment)?.stop();
}

/** A setting's name in the context: `HOOK_TIMEOUT_MS` is `hookTimeoutMs`. */
function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
