import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway, Policy } from '../gateway/gateway.ts';
import type { Clock, Log } from '../gateway/ports.ts';
import { runTask } from '../gateway/run-task.ts';
import { sweep } from '../gateway/sweep/sweep.ts';
import type { TaskQueue } from '../gateway/tasks.ts';
import { HttpApp } from '../node/http-app.ts';
import { createUpgradeServer } from '../websocket/upgrade-server.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { errorResponse, handleApiRequest } from './api-server.ts';
import { batchWrites } from './batch-writes.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { type DescriptorShares, descriptorShares, maxDescriptors } from './descriptors.ts';
import { localSecrets, type SecretTexts } from './local-secrets.ts';
import { MemoryBroadcasts } from './memory-broadcasts.ts';
import { MemoryIdempotency } from './memory-idempotency.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { Sessions } from './sessions.ts';
import type { LocalSettings } from './settings.ts';
import { SocketQueues } from './socket-queues.ts';
import { WebSocketServer } from './web-socket-server.ts';

/** The policy of a gateway in one process. */
const localPolicy = {
  defersDeliveries: false,
  keepsOrder: true,
  retry: { attempts: 3, withinMs: 10_000 },
  closedRetryWindowMs: 86_400_000,
  leaseMs: 60_000,
  flushRetryMs: 1_000,
  goneGraceMs: 10_000,
  // A batch is posted in one turn of the event loop. With 1,000 messages of 128 KiB it held up the loop for 46 ms.
  batchSockets: 500,
  // A batch is posted soon after it was cut, while its records are in the caches of the processor.
  batchesPerCall: 1,
  batchRetryMs: 3_000,
  broadcastWorkers: 1,
  // Each step is finished by the process that began it, so a sweep finds only postponed closed hooks.
  staleMs: Number.POSITIVE_INFINITY,
  sweepsFinishFlushes: false,
  // Sessions expire by themselves.
  lifeMs: Number.POSITIVE_INFINITY,
} as const satisfies Policy;

/** What a local gateway needs besides its settings. */
export interface GatewayOptions {
  readonly webhookBaseUrl: string;
  readonly secrets: SecretTexts;
  readonly clock: Clock;
  readonly log: Log;
  /** The interval of sweeps, which find postponed closed hooks, in milliseconds; 60,000 if not given. */
  readonly sweepMs?: number;
}

/** A gateway that listens. */
export interface LocalGateway {
  readonly port: number;
  /** Where clients connect. */
  readonly webSocketUrl: string;
  /** Where the app calls back. */
  readonly apiUrl: string;
  /**
   * Stops: refuses new clients, closes sockets with 1001, waits at most `withinMs` for their closed hooks, then ends
   * everything. Each hook that was not posted in that time is logged as lost.
   */
  stop(withinMs: number): Promise<void>;
}

/** Starts a gateway in this process: WebSockets and the HTTP API on one port. */
export async function startGateway(settings: LocalSettings, options: GatewayOptions): Promise<LocalGateway> {
  const { clock, log, sweepMs = 60_000 } = options;
  const { headBytes } = settings.limits;
  const server = createUpgradeServer({
    headBytes,
    errorResponse: (error) => errorResponse(error, headBytes),
    cork: batchWrites,
    upgrade: (upgrade) => void webSockets.handle(upgrade),
    request: (request, response) => void handleApiRequest(gateway, request, response),
  });
  const port = await listen(server, settings.host, settings.port);
  const urls = localUrls(settings, port);
  const shares = descriptorShares(maxDescriptors());
  server.maxConnections = shares.clients;
  const { gateway, registry, sessions, queues, broadcastQueue, app } = compose(
    settings,
    options,
    urls.webSocketUrl,
    shares,
  );
  const webSockets = new WebSocketServer(gateway, sessions, queues, settings.limits);
  const expiry = setInterval(
    () => sessions.expire(clock.monotonic(), settings.limits),
    Math.min(1_000, Math.max(10, settings.limits.idleMs / 10)),
  );
  const sweeping = setInterval(() => void sweep(gateway, Math.floor(clock.now() / sweepMs)), sweepMs);
  const stop = async (withinMs: number): Promise<void> => {
    clearInterval(expiry);
    clearInterval(sweeping);
    webSockets.close();
    sessions.closeAll(closeCodes.goingAway);
    // There is time for only one hook of each socket, and the closed hook is the one that is owed.
    queues.dropWaiting('stopped');
    const unposted = broadcastQueue.stop();
    if (unposted > 0) log.error('broadcasts_lost', { tasks: unposted, why: 'stopped' });
    await Promise.race([queues.idle(), clock.sleep(withinMs)]);
    for (const request of new Set([...registry.owed(), ...queues.unfinished()]))
      log.error('hook_lost', { request, why: 'stopped' });
    server.close();
    server.closeAllConnections();
    sessions.terminateAll();
    await app.stop();
  };
  return { port, ...urls, stop };
}

/** Puts a gateway together from the ports of one process. */
function compose(
  settings: LocalSettings,
  { webhookBaseUrl, secrets, clock, log }: GatewayOptions,
  webSocketUrl: string,
  shares: DescriptorShares,
) {
  const registry = new MemoryRegistry(clock);
  const sessions = new Sessions();
  const app = new HttpApp(new URL(webhookBaseUrl).origin, clock, { max: shares.app, cork: batchWrites });
  const queues = new SocketQueues((task) => runTask(gateway, task), log, settings.limits.allWaitingBytes);
  const broadcastQueue = new BroadcastQueue((task) => runTask(gateway, task), log);
  const gateway: Gateway = {
    registry,
    connections: sessions,
    app,
    broadcasts: new MemoryBroadcasts(clock),
    idempotency: new MemoryIdempotency(clock),
    tasks: localTasks(queues, broadcastQueue),
    secrets: localSecrets(secrets),
    clock,
    log,
    settings: {
      ...settings,
      webhookBaseUrl,
      webSocketUrl,
      messageBytes: settings.limits.messageBytes,
      replyBy: 'post',
      probeMinutes: 0,
      maxPostsPerSecond: Number.POSITIVE_INFINITY,
    },
    policy: localPolicy,
    deadline: Number.POSITIVE_INFINITY,
  };
  return { gateway, registry, sessions, queues, broadcastQueue, app };
}

/** The tasks of one process. Broadcasts have a queue of their own, since they are about no socket in particular. */
export function localTasks(queues: SocketQueues, broadcasts: BroadcastQueue): TaskQueue {
  return {
    async enqueue(task, delayMs) {
      if (task.kind === 'segment') broadcasts.segment(task);
      else if (task.kind === 'batch') await broadcasts.batches([task], delayMs);
      else await queues.enqueue(task, delayMs);
    },
    enqueueBatches: (tasks, delayMs) => broadcasts.batches(tasks, delayMs),
  };
}

/** The URLs of a gateway with these settings on this machine. */
export function localUrls(
  { host, webSocketUrl }: Pick<LocalSettings, 'host' | 'webSocketUrl'>,
  port: number,
): { webSocketUrl: string; apiUrl: string } {
  const name = localName(host);
  return { webSocketUrl: webSocketUrl ?? `ws://${name}:${port}/`, apiUrl: `http://${name}:${port}` };
}

function localName(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(addressOf(server).port);
    });
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address;
}
