import { type LocalGateway, startGateway } from '../../functions/local/gateway.ts';
import { createLog } from '../../functions/local/log.ts';
import { standardOutput } from '../../functions/local/log-output.ts';
import { openStore } from '../../functions/local/open-store.ts';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import { isRunByNpm, readSettings } from '../../functions/local/settings.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { appEnvironment } from './app-environment.ts';
import { type DemoApp, startDemoApp } from './demo-app.ts';

/** How long closed hooks may take when the gateway stops. With the rest, it ends within 15 s. */
const stopWithinMs = 13_000;

const output = standardOutput();
const log = createLog(output, systemClock.now);

/** `npm start`: a gateway on this machine, with the demo app beside it unless WEBHOOK_BASE_URL names an app. */
async function start(): Promise<void> {
  const settings = readSettings();
  if (!settings.ok) throw new Error(settings.error.join('\n'));
  const secrets = secretTexts(settings.value);
  const { port } = settings.value;
  const app = settings.value.webhookBaseUrl;
  if (app === undefined && (port < 1 || port > 65_534)) {
    throw new Error('PORT must be a whole number from 1 to 65534 where the demo app takes the next one.');
  }
  const webhookBaseUrl = app ?? `http://127.0.0.1:${port + 1}/websocket`;
  const store = await openStore(settings.value.folder);
  if (store.cutCommits > 0) log.error('store_cut', { commits: store.cutCommits });
  const options = { webhookBaseUrl, secrets, clock: systemClock, log, store };
  const gateway = await startGateway(settings.value, options);
  const demo = app === undefined ? await startDemoApp(port + 1, appEnvironment(gateway, secrets)) : undefined;
  stopOnSignals(gateway, demo);
  announce(gateway, webhookBaseUrl, demo);
}

function announce(
  { webSocketUrl, apiUrl, port }: LocalGateway,
  hooks: string,
  demo: DemoApp | undefined,
): void {
  const page = demo && `http://localhost:${port + 1}/`;
  log.info('started', { page, webSocket: webSocketUrl, api: apiUrl, hooks });
  if (!output.isTTY) return;
  const lines = [
    ...(page === undefined ? [] : [`  Open         ${page} in two tabs`]),
    `  WebSockets   ${webSocketUrl}`,
    `  HTTP API     ${apiUrl}`,
    `  Webhooks     ${hooks}`,
    '  Your app     set WEBHOOK_BASE_URL to it; in its shell: eval "$(npm run --silent env)"',
  ];
  output.write(`\n${lines.join('\n')}\n\n`);
}

function stopOnSignals(gateway: LocalGateway, demo: DemoApp | undefined): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info('stopping', {});
    await gateway.stop(stopWithinMs);
    await demo?.stop();
    log.info('stopped', {});
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop());
  if (isRunByNpm()) onOrphaned(() => void (isStopping || stop()));
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

start().catch((error: unknown) => {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    inUse ? `${why}\nAnother program is using this port: set PORT to another port.\n` : `${why}\n`,
  );
  process.exit(1);
});
