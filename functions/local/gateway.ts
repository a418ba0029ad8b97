import type { Log } from '../gateway/ports.ts';
import { recordFacts } from '../gateway/relay/hook-facts.ts';
import { sweep } from '../gateway/sweep/sweep.ts';
import { createNodeServer } from '../websocket/node-server.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { errorResponse, handleApiRequest } from './api-server.ts';
import type { AppWatch } from './app-watch.ts';
import { batchWrites } from './batch-writes.ts';
import { compose, type GatewayOptions, type Parts } from './compose.ts';
import { descriptorShares, maxDescriptors } from './descriptors.ts';
import { openInspector } from './inspector/open-inspector.ts';
import { localCalls } from './local-calls.ts';
import type { SecretTexts } from './local-secrets.ts';
import { localUrls } from './local-urls.ts';
import type { MemoryRegistry } from './memory-registry.ts';
import { Metrics } from './metrics/metrics.ts';
import type { Sources } from './metrics/sources.ts';
import { resume } from './resume.ts';
import type { LocalSettings } from './settings.ts';
import { simpleCalls } from './simple-calls.ts';
import { WebSocketServer } from './web-socket-server.ts';

/** A gateway that listens. */
export interface LocalGateway {
  readonly port: number;
  /** Where clients connect. */
  readonly webSocketUrl: string;
  /** Where the app calls back. */
  readonly apiUrl: string;
  /** Opens the inspector, with its token. Undefined if the setting `inspector` is off. */
  readonly inspectorUrl: string | undefined;
  /** Hears whether the app is there. */
  readonly appWatch: Pick<AppWatch, 'reachable' | 'unreachable'>;
  /** From now on these secrets count, and no others. No socket is closed. */
  replaceSecrets(secrets: SecretTexts): void;
  /**
   * Stops: refuses new clients, closes sockets with 1012 over the time of the setting `drainMs`, and the rest with 1001.
   * Then it waits at most `withinMs` for their closed hooks, and ends everything. Each hook that was not posted in that
   * time is kept in the store, for the next start.
   */
  stop(withinMs: number): Promise<void>;
}

/** Starts a gateway in this process: WebSockets and the HTTP API on one port. */
export async function startGateway(settings: LocalSettings, options: GatewayOptions): Promise<LocalGateway> {
  const { clock, sweepMs = 60_000, createServer = createNodeServer } = options;
  const { headBytes } = settings.limits;
  const server = createServer({
    headBytes,
    errorResponse: (error) => errorResponse(error, headBytes),
    cork: batchWrites,
    upgrade: (upgrade) => void webSockets.handle(upgrade),
    request: (request, response) => {
      if (inspector?.inspector.takes(request, response) !== true)
        void handleApiRequest(gateway, request, response, calls);
    },
    simple: simpleCalls(() => gateway),
  });
  const shares = descriptorShares(maxDescriptors());
  const { host } = settings;
  const port = await server.listen({ port: settings.port, host, maxConnections: shares.clients });
  const urls = localUrls(settings, port);
  const parts = compose(settings, options, urls.webSocketUrl, shares);
  const { gateway, sessions, queues, watch: appWatch } = parts;
  const webSockets = new WebSocketServer(gateway, sessions, queues, settings.limits);
  const sources = sourcesOf(parts, webSockets);
  const metrics = new Metrics(sources);
  const calls = localCalls(settings, metrics, sources);
  const inspector = openInspector(parts, settings, options, { port, ...urls });
  await resume(parts);
  const stopTimers = startTimers(parts, settings, sweepMs);
  const stop = async (withinMs: number): Promise<void> => {
    webSockets.close(settings.drainMs);
    // Until its own turn comes, each socket is served as ever.
    if (settings.drainMs > 0) await sessions.drain(settings.drainMs, clock);
    stopTimers();
    inspector?.inspector.stop();
    metrics.stop();
    return stopParts(parts, server, withinMs);
  };
  const replaceSecrets = (secrets: SecretTexts): void => parts.keys.replace(secrets);
  return { port, ...urls, inspectorUrl: inspector?.url, appWatch, replaceSecrets, stop };
}

/** Starts what is done again and again while the gateway serves. Returns what ends that. */
function startTimers(
  { gateway, sessions, queues, watch }: Parts,
  { limits }: LocalSettings,
  sweepMs: number,
): () => void {
  const { clock } = gateway;
  const timers = [
    setInterval(
      () => sessions.expire(clock.monotonic(), limits),
      Math.min(1_000, Math.max(10, limits.idleMs / 10)),
    ),
    setInterval(() => {
      queues.warnOfOldBacklogs(clock);
      watch.look();
    }, 1_000),
    setInterval(() => void sweep(gateway, Math.floor(clock.now() / sweepMs)), sweepMs),
  ];
  return () => timers.forEach(clearInterval);
}

function sourcesOf(parts: Parts, { connects }: WebSocketServer): Sources {
  const { gateway, sessions, queues, watch, meter, hooks, letters, log } = parts;
  const { breaker, clock } = gateway;
  const { counts: posts } = meter;
  return { sessions, connects, hooks: posts, queues, retries: hooks, letters, breaker, watch, log, clock };
}

/** Ends everything. What is not posted in `withinMs` milliseconds is kept for the next start. */
export async function stopParts(
  {
    gateway,
    registry,
    sessions,
    queues,
    retries,
    closing,
    kept,
    broadcastQueue,
    presences,
    presenceQueue,
    app,
    store,
    watch,
  }: Parts,
  server: { close(): unknown; closeAllConnections(): void },
  withinMs: number,
): Promise<void> {
  const { clock } = gateway;
  // There is time for only one hook of each socket. The others are kept for the next start.
  retries.stop();
  closing.stop();
  queues.keepAll();
  sessions.closeAll(closeCodes.goingAway);
  const unposted = broadcastQueue.stop();
  if (unposted > 0) gateway.log.error('broadcasts_lost', { tasks: unposted, why: 'stopped' });
  await Promise.race([
    Promise.all([queues.idle(), retries.idle(), presenceQueue.stop()]),
    clock.sleep(withinMs),
  ]);
  queues.keepRest();
  if (kept === undefined) loseOwed(gateway.log, registry);
  server.close();
  server.closeAllConnections();
  sessions.terminateAll();
  watch.stop();
  await app.stop();
  // Of what this refuses, the store has what was known before.
  await kept?.close();
  const count = kept === undefined ? presences.owed : await presences.close();
  if (count > 0) gateway.log.error('presence_lost', { count, why: 'stopped' });
  await store.close();
}

/** Without a store of its own, a gateway leaves nothing to its next start. */
function loseOwed(log: Log, registry: MemoryRegistry): void {
  for (const record of registry.owed())
    log.error('hook_lost', { ...recordFacts(record, 'closed'), why: 'stopped' });
}
