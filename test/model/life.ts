import { createHmac } from 'node:crypto';
import type { Clock, LogFields } from '../../functions/gateway/ports.ts';
import { compose, type GatewayOptions } from '../../functions/local/compose.ts';
import type { Ids } from '../../functions/local/ids.ts';
import { type LocalSettings, limitSets } from '../../functions/local/settings.ts';
import { WebSocketServer } from '../../functions/local/web-socket-server.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { form } from '../../functions/wire/formats/form.ts';
import { socketEvents } from '../../functions/wire/hook.ts';
import type { Setup } from './commands.ts';
import type { Disk } from './disk.ts';
import { HeardLog } from './heard-log.ts';
import type { ModelApp } from './model-app.ts';
import type { Process } from './process.ts';

/** The usual settings. */
export const settings: LocalSettings = {
  webhookBaseUrl: 'http://app.example/hooks',
  format: form,
  hooks: new Set(socketEvents),
  hookTimeoutMs: 10_000,
  messageFailure: 'retry',
  messageRetryMs: 21_600_000,
  presenceGraceMs: 5_000,
  forwardHeaders: [],
  requireTicket: false,
  allowedOrigins: undefined,
  host: '127.0.0.1',
  port: 0,
  limits: limitSets['api-gateway'],
  drainMs: 0,
  inspector: false,
  metrics: 'key',
  webSocketUrl: undefined,
  folder: '',
  apiKeys: undefined,
  webhookSecrets: undefined,
  urlKeys: undefined,
};

const secret = createHmac('sha256', 'a test').digest('base64');
/** The usual secrets. */
export const secrets = { apiKeys: [], webhookSecrets: [`whsec_${secret}`], urlKeys: [] };

/** One life of the gateway: what `startGateway` puts together, without its server. */
export class Life {
  readonly process: Process;
  readonly log: HeardLog;
  readonly parts: ReturnType<typeof compose>;
  readonly server: WebSocketServer;
  /** Whether it is being stopped. */
  isStopping = false;
  /** Ends the hooks that are in progress. */
  cut: (answer: AppResponse) => void = () => {};

  constructor(
    process: Process,
    clock: Clock,
    app: ModelApp,
    ids: Ids,
    disk: Disk,
    { messageFailure }: Pick<Setup, 'messageFailure'>,
    hear: (event: string, fields: LogFields) => void,
  ) {
    this.process = process;
    this.log = new HeardLog(hear);
    const cut = new Promise<AppResponse>((resolve) => {
      this.cut = resolve;
    });
    const options: GatewayOptions = {
      webhookBaseUrl: 'http://app.example/hooks',
      secrets,
      clock,
      log: this.log,
      store: disk.openedBy(process),
      ids,
    };
    this.parts = compose(
      { ...settings, messageFailure },
      options,
      'ws://gateway.example/',
      { app: 64, clients: 1_024 },
      {
        post: (request) => process.call(() => app.post(request, process, cut)),
        stop: async () => this.cut({ kind: 'broken', why: 'the gateway stops' }),
      },
    );
    const { gateway, sessions, queues } = this.parts;
    this.server = new WebSocketServer(gateway, sessions, queues, settings.limits, ids);
  }
}
