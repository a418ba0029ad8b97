import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { perform } from '../../functions/gateway/perform.ts';
import type { Clock, Log } from '../../functions/gateway/ports.ts';
import { sweep } from '../../functions/gateway/sweep/sweep.ts';
import { HttpApp } from '../../functions/http/http-app.ts';
import { createUpgradeServer } from '../../functions/websocket/upgrade-server.ts';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { type DescriptorShares, descriptorShares, mostDescriptors } from './descriptors.ts';
import { answerHttp, answerTo } from './http-door.ts';
import { Lanes } from './lanes.ts';
import { localSecrets, type SecretTexts } from './local-secrets.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { Sessions } from './sessions.ts';
import type { LocalSettings } from './settings.ts';
import { hold } from './turn.ts';
import { WebSocketDoor } from './web-socket-door.ts';

/** What a local gateway is made with, besides its settings. */
export interface Surroundings {
  readonly webhookBaseUrl: string;
  readonly secrets: SecretTexts;
  readonly clock: Clock;
  readonly log: Log;
  /** How often closed hooks that were put off are looked for, in milliseconds; 60,000 if not given. */
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
   * Stops: refuses new clients, closes sockets with 1001, waits at most so many milliseconds for their closed hooks,
   * then ends everything. What was not told by then is logged as lost, one line each.
   */
  stop(withinMs: number): Promise<void>;
}

/** Starts a gateway in this process: WebSockets and the HTTP API on one port. */
export async function startGateway(settings: LocalSettings, around: Surroundings): Promise<LocalGateway> {
  const { clock, log, sweepMs = 60_000 } = around;
  const { headBytes } = settings.limits;
  const server = createUpgradeServer({
    headBytes,
    answerTo: (fault) => answerTo(fault, headBytes),
    hold,
    upgrade: (upgrade) => void door.knock(upgrade),
    request: (request, response) => void answerHttp(gateway, request, response),
  });
  const port = await listen(server, settings.host, settings.port);
  const urls = localUrls(settings, port);
  const shares = descriptorShares(mostDescriptors());
  server.maxConnections = shares.clients;
  const { gateway, registry, sessions, lanes, app } = compose(settings, around, urls.webSocketUrl, shares);
  const door = new WebSocketDoor(gateway, sessions, lanes, settings.limits);
  const expiry = setInterval(
    () => sessions.expire(clock.monotonic(), settings.limits),
    Math.min(1_000, Math.max(10, settings.limits.idleMs / 10)),
  );
  const sweeping = setInterval(() => void sweep(gateway, Math.floor(clock.now() / sweepMs)), sweepMs);
  const stop = async (withinMs: number): Promise<void> => {
    clearInterval(expiry);
    clearInterval(sweeping);
    door.close();
    await sessions.endAll(closeCodes.goingAway);
    // There is no time for more than one hook of each socket, and closed is the one that is owed.
    lanes.dropWaiting('stopped');
    await Promise.race([lanes.idle(), clock.sleep(withinMs)]);
    for (const request of new Set([...registry.owed(), ...lanes.unfinished()]))
      log.error('hook_lost', { request, why: 'stopped' });
    server.close();
    server.closeAllConnections();
    sessions.cutAll();
    await app.stop();
  };
  return { port, ...urls, stop };
}

/** Puts a gateway together from the ports of one process. */
function compose(
  settings: LocalSettings,
  { webhookBaseUrl, secrets, clock, log }: Surroundings,
  webSocketUrl: string,
  shares: DescriptorShares,
) {
  const registry = new MemoryRegistry(clock);
  const sessions = new Sessions();
  const app = new HttpApp(new URL(webhookBaseUrl).origin, clock, { most: shares.app, hold });
  const lanes = new Lanes((task) => perform(gateway, task), log, settings.limits.allWaitingBytes);
  const gateway: Gateway = {
    ...{ registry, connections: sessions, app, later: lanes, secrets: localSecrets(secrets), clock, log },
    settings: {
      ...settings,
      ...{ webhookBaseUrl, webSocketUrl, messageBytes: settings.limits.messageBytes },
      replyBy: 'post',
      defersDeliveries: false,
      keepsOrder: true,
      retry: { attempts: 3, withinMs: 10_000 },
      closedForMs: 86_400_000,
      leaseMs: 60_000,
      tooEarlyMs: 1_000,
      disbeliefMs: 10_000,
      // What begins here ends here, so a sweep finds nothing but closed hooks that were put off.
      ...{ staleMs: Number.POSITIVE_INFINITY, lifeMs: Number.POSITIVE_INFINITY, probeMinutes: 0 },
    },
    deadline: Number.POSITIVE_INFINITY,
  };
  return { gateway, registry, sessions, lanes, app };
}

/** Where a gateway of these settings is reached on this machine. */
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
