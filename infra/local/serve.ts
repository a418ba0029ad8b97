import { dialByBun } from '../../functions/bun/bun-client-transport.ts';
import { createBunServer } from '../../functions/bun/bun-server.ts';
import { awaitApp } from '../../functions/local/await-app.ts';
import { followSecrets, secretRequests } from '../../functions/local/follow-secrets.ts';
import { type LocalGateway, startGateway } from '../../functions/local/gateway.ts';
import { createLog } from '../../functions/local/log.ts';
import { type LogOutput, standardOutput } from '../../functions/local/log-output.ts';
import { CountedLog } from '../../functions/local/metrics/counted-log.ts';
import { noSqlite, openStoreIfAble } from '../../functions/local/open-store.ts';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import { isRunByNpm, type LocalSettings } from '../../functions/local/settings.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { appEnvironment } from './app-environment.ts';
import { type DemoApp, startDemoApp } from './demo-app.ts';
import { type EnvCommand, envLine } from './env-command.ts';
import { WrongUse } from './exit.ts';
import { isOnBun } from './installed.ts';

/** How long closed hooks may take when the gateway stops. With the rest, it ends within 15 s. */
const stopWithinMs = 13_000;

/** npm passes a Ctrl+C on to what it runs, which gets it from the terminal, too. A later one ends the process at once. */
const sameSignalMs = 1_000;

/** How a gateway is served. */
interface ServeOptions {
  /** Whether the lines of the log are JSON even in a terminal, with nothing beside them. */
  readonly json?: boolean;
  /** What prints the app's variables. */
  readonly envCommand: EnvCommand;
}

/**
 * Runs a gateway on this machine until a signal ends it, with the demo app beside it if the settings name no app.
 * Rejects if it can't start.
 */
export async function serve(
  settings: LocalSettings,
  { json = false, envCommand }: ServeOptions,
): Promise<void> {
  const whenAsked = secretRequests();
  const { port, webhookBaseUrl: app } = settings;
  if (app === undefined && (port < 1 || port > 65_534)) {
    throw new WrongUse(
      'PORT (--port) must be a whole number from 1 to 65534 where the demo app takes the next one.',
    );
  }
  const output = outputOf(json);
  const log = new CountedLog(createLog(output, systemClock.now));
  const secrets = secretTexts(settings);
  const webhookBaseUrl = app ?? `http://127.0.0.1:${port + 1}/websocket`;
  const store = await openStoreIfAble(settings.folder);
  if (store === undefined) log.warn('no_store', { lost: lostAtEnd, advice: noSqlite });
  else if (store.cutCommits > 0) log.error('store_cut', { commits: store.cutCommits });
  const bun = isOnBun ? { createServer: createBunServer, dialTcp: dialByBun } : {};
  const options = { webhookBaseUrl, secrets, clock: systemClock, log, store, ...bun };
  const gateway = await startGateway(settings, options);
  const demo = app === undefined ? await startDemoApp(port + 1, appEnvironment(gateway, secrets)) : undefined;
  const stopping = new AbortController();
  stopOnSignals(gateway, demo, log, stopping);
  followSecrets(settings, secrets, gateway, log, whenAsked);
  const page = demo && `http://localhost:${port + 1}/`;
  const { webSocketUrl, apiUrl } = gateway;
  log.info('started', { page, webSocket: webSocketUrl, api: apiUrl, hooks: webhookBaseUrl });
  if (app !== undefined) void awaitApp(app, gateway.appWatch, systemClock, stopping.signal);
  const { inspectorUrl } = gateway;
  // The token opens the page, so it goes to the terminal where somebody looks on, and to the log only without one.
  if (inspectorUrl !== undefined && !output.isTTY) log.info('inspector', { url: inspectorUrl });
  const env = envLine(envCommand, settings, gateway.port);
  if (output.isTTY) output.write(announcement(gateway, webhookBaseUrl, page, env));
}

const lostAtEnd =
  'When the gateway ends, the hooks that wait to be posted again and the dead letters are lost.';

function outputOf(json: boolean): LogOutput {
  const output = standardOutput();
  return json ? { isTTY: false, write: (text) => output.write(text) } : output;
}

function announcement(
  { webSocketUrl, apiUrl, inspectorUrl }: LocalGateway,
  hooks: string,
  page: string | undefined,
  env: string,
): string {
  const lines = [
    ...(page === undefined ? [] : [`  Open         ${page} in two tabs`]),
    `  WebSockets   ${webSocketUrl}`,
    `  HTTP API     ${apiUrl}`,
    `  Webhooks     ${hooks}`,
    ...(inspectorUrl === undefined ? [] : [`  Inspector    ${inspectorUrl}`]),
    `  Your app     in its shell, in this folder: eval "$(${env})"`,
  ];
  return `\n${lines.join('\n')}\n\n`;
}

type Logged = Pick<ReturnType<typeof createLog>, 'info'>;

function stopOnSignals(
  gateway: LocalGateway,
  demo: DemoApp | undefined,
  log: Logged,
  stopping: AbortController,
): void {
  let stoppingSince: number | undefined;
  const stop = async (): Promise<void> => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    stopping.abort();
    log.info('stopping', {});
    await gateway.stop(stopWithinMs);
    await demo?.stop();
    log.info('stopped', {});
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop());
  if (isRunByNpm()) onOrphaned(() => void (stoppingSince ?? stop()));
}

/** Read as early as possible, since npm may end while the gateway starts. */
const parent = process.ppid;

/** npm forwards a signal only to its shell, and the shell ends without forwarding it. */
function onOrphaned(stop: () => void): void {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 250);
  watch.unref();
}
