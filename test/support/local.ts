import type { GatewayOptions } from '../../functions/local/compose.ts';
import { type LocalGateway, startGateway } from '../../functions/local/gateway.ts';
import type { SecretTexts } from '../../functions/local/local-secrets.ts';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import {
  type LocalLimits,
  type LocalSettings,
  limitSets,
  parseSettings,
} from '../../functions/local/settings.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import type { Subject } from '../contract/gateway/world.ts';
import { Api } from './api.ts';
import { startBunGateway } from './bun-gateway.ts';
import { RecordingApp } from './recording-app.ts';
import { RecordingLog } from './recording-log.ts';
import { runsGatewaysOnBun } from './runtime.ts';

/** The secrets of every gateway under test. There are two of each, as during a rotation. */
export const testSecrets: SecretTexts = {
  apiKeys: ['api-key-one-0123456789', 'api-key-two-0123456789'],
  webhookSecrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
  urlKeys: ['url-key-one-0123456789-0123456789', 'url-key-two-0123456789-0123456789'],
};

/** Whether a test may give its gateway a store and a clock. On Bun each gateway has a process of its own. */
export const sharesProcess = !runsGatewaysOnBun;

/** A local gateway and its app, on separate ports. */
export interface LocalWorld {
  readonly gateway: LocalGateway;
  readonly app: RecordingApp;
  readonly api: Api;
  readonly log: RecordingLog;
  /** `ws://localhost:1234`, to which a test appends a path. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one. `environment` is what `npm start` would read. `limits` shortens what would take too long in a test. */
export async function startLocal(
  environment: Readonly<Record<string, string>> = {},
  limits: Partial<LocalLimits> = {},
  surroundings: Partial<GatewayOptions> = {},
): Promise<LocalWorld> {
  const variables = { PORT: '0', HOOK_TIMEOUT_MS: '2000', ...environment };
  const parsed = parseSettings(variables);
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  const app = new RecordingApp();
  const log = new RecordingLog();
  const base = await app.listen();
  const settings: LocalSettings = { ...parsed.value, limits: { ...limitSets['api-gateway'], ...limits } };
  const webhookBaseUrl = settings.webhookBaseUrl ?? base;
  const store = new MemoryStore();
  const around = { webhookBaseUrl, secrets: testSecrets, clock: systemClock, log, store, ...surroundings };
  if (runsGatewaysOnBun && (surroundings.store !== undefined || surroundings.clock !== undefined))
    throw new Error('A gateway in another process has its own store and clock: skip this test there.');
  const gateway = runsGatewaysOnBun
    ? await startBunGateway(variables, settings.limits, around)
    : await startGateway(settings, around);
  const api = new Api(gateway.apiUrl, testSecrets.apiKeys[0] ?? '');
  const stop = async (): Promise<void> => {
    await gateway.stop(2_000);
    await app.stop();
  };
  return { gateway, app, api, log, url: gateway.webSocketUrl.replace(/\/$/, ''), stop };
}

/** The local gateway as the contract suite sees it: by its URLs. Clients use the `?path=` form. */
export const localSubject: Subject = {
  name: runsGatewaysOnBun ? 'local gateway on Bun' : 'local gateway',
  keepsOrder: true,
  tellsRefusals: true,
  answersEverything: true,
  start: async (settings = {}) => {
    const world = await startLocal(settings);
    return {
      app: world.app,
      api: world.api,
      webhookSecrets: testSecrets.webhookSecrets,
      apiKeys: testSecrets.apiKeys,
      urlKeys: testSecrets.urlKeys,
      at: (path, query = '') => `${world.url}/?path=${encodeURIComponent(path)}${query && `&${query}`}`,
      stop: world.stop,
    };
  },
};
