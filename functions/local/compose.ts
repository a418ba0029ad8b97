import type { Gateway, Policy } from '../gateway/gateway.ts';
import type { App, Clock, Log } from '../gateway/ports.ts';
import { message } from '../gateway/relay/message.ts';
import { runTask } from '../gateway/run-task.ts';
import { type DialTcp, HttpApp } from '../node/http-app.ts';
import type { CreateServer } from '../websocket/listening-server.ts';
import { hookId } from '../wire/hook.ts';
import { AppWatch, type HookTotals } from './app-watch.ts';
import { batchWrites } from './batch-writes.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import type { DescriptorShares } from './descriptors.ts';
import { HookStore } from './hook-store.ts';
import type { Ids } from './ids.ts';
import { InspectedRegistry } from './inspector/inspected-registry.ts';
import { Inspection } from './inspector/inspection.ts';
import { KeptRecords } from './kept-records.ts';
import { localSecrets, type SecretTexts } from './local-secrets.ts';
import { LocalTasks } from './local-tasks.ts';
import { MemoryBreaker } from './memory-breaker.ts';
import { MemoryBroadcasts } from './memory-broadcasts.ts';
import { MemoryIdempotency } from './memory-idempotency.ts';
import { MemoryPresences } from './memory-presences.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { MemoryStore } from './memory-store.ts';
import { CountedLog } from './metrics/counted-log.ts';
import { MeteredHooks } from './metrics/metered-hooks.ts';
import { PacedClosed } from './paced-closed.ts';
import { PresenceQueue } from './presence-queue.ts';
import { RetryQueue, type RetryWork } from './retry-queue.ts';
import { Sessions } from './sessions.ts';
import type { LocalSettings } from './settings.ts';
import { SocketQueues } from './socket-queues.ts';
import type { Store } from './store.ts';
import { storeRefusals } from './store-refusals.ts';
import type { StoredHook } from './stored.ts';
import { StoredDeadLetters } from './stored-dead-letters.ts';

/** The policy of a gateway in one process. */
const localPolicy = {
  defersDeliveries: false,
  keepsOrder: true,
  looksCost: false,
  retry: { attempts: 3, withinMs: 10_000 },
  closedRetryWindowMs: 86_400_000,
  leaseMs: 60_000,
  flushRetryMs: 1_000,
  goneGraceMs: 10_000,
  // A batch is posted in one turn of the event loop, and more turns cost a broadcast more CPU: with batches of 2,000 a
  // delivery to 5,000 sockets took 8.1 µs, with one of all it took 7.4 µs. That turn holds up the loop for 37 ms, and 50
  // are too many. With 1,000 messages of 128 KiB a turn held it up for 46 ms.
  batchSockets: 5_000,
  batchBytes: 48 * 1_048_576,
  // A batch is posted soon after it was cut, while its records are in the caches of the processor.
  batchesPerCall: 1,
  batchRetryMs: 3_000,
  broadcastWorkers: 1,
  // Each step is finished by the process that began it, so a sweep finds only postponed closed hooks.
  staleMs: Number.POSITIVE_INFINITY,
  sweepsFinishFlushes: false,
  untoldMs: undefined,
  // Sessions expire by themselves.
  lifeMs: Number.POSITIVE_INFINITY,
} as const satisfies Policy;

/** A run in this process has no end. */
const anyRun = { policy: localPolicy, deadline: Number.POSITIVE_INFINITY } as const;

/** Settings that nobody sets on one machine. */
const localOnly = { replyBy: 'post', probeMinutes: 0, maxPostsPerSecond: Number.POSITIVE_INFINITY } as const;

/** What a local gateway needs besides its settings. */
export interface GatewayOptions {
  readonly webhookBaseUrl: string;
  readonly secrets: SecretTexts;
  readonly clock: Clock;
  readonly log: Log;
  /** The interval of sweeps, which find postponed closed hooks, in milliseconds; 60,000 if not given. */
  readonly sweepMs?: number;
  /** Keeps what must survive the process. If not given, nothing does. The gateway closes it. */
  readonly store?: Store | undefined;
  /** Makes ids that are unique in the world if not given. */
  readonly ids?: Ids;
  /** Makes the token that opens the inspector: 32 random bytes in base64url if not given. */
  readonly inspectorToken?: () => string;
  /** The server of the runtime. That of Node.js if not given. */
  readonly createServer?: CreateServer | undefined;
  /** How the runtime connects to the app over TCP. As Node.js does if not given. */
  readonly dialTcp?: DialTcp | undefined;
}

/** The parts of a gateway. */
export type Parts = ReturnType<typeof compose>;

/** Puts a gateway together from the ports of one process. */
export function compose(
  settings: LocalSettings,
  { webhookBaseUrl, secrets, clock, log: output, store: given, ids, dialTcp }: GatewayOptions,
  webSocketUrl: string,
  shares: DescriptorShares,
  app: App & Pick<HttpApp, 'stop'> = appOf(webhookBaseUrl, clock, shares, dialTcp),
) {
  const { messageBytes } = settings.limits;
  const log = CountedLog.of(output);
  const store = given ?? new MemoryStore();
  // A store that ends with the process has no use for the records.
  const kept = given && new KeptRecords(given, storeRefusals(log, clock), clock);
  const { registry, inspection } = registryOf(settings, clock, kept);
  const sessions = new Sessions();
  const closing = new PacedClosed(registry, (task) => runTask(gateway, task));
  const hooks = new HookStore(store);
  const others = () => ({ gateway, queues, breaker });
  const retries = new RetryQueue(hooks, retryWork(others), clock, log);
  const presenceQueue = new PresenceQueue(closing.run, log);
  const breaker = new MemoryBreaker([closing, retries, presenceQueue], hooks);
  const queues = new SocketQueues(closing.run, log, settings.limits.allWaitingBytes, retries, ids);
  const broadcastQueue = new BroadcastQueue(closing.run, log);
  const presences = new MemoryPresences(store, clock, log);
  const letters = new StoredDeadLetters(store, clock);
  const { watch, meter } = watchApp(webhookBaseUrl, () => totalsOf(hooks, letters, log), { clock, log });
  const keys = localSecrets(secrets);
  const all = { sockets: queues, broadcasts: broadcastQueue, retries, presences: presenceQueue };
  const gateway: Gateway = {
    registry,
    connections: sessions,
    app,
    breaker,
    broadcasts: new MemoryBroadcasts(clock),
    idempotency: new MemoryIdempotency(clock),
    deadLetters: letters,
    presences,
    tasks: new LocalTasks(all, closing.run, log),
    secrets: keys,
    clock,
    log,
    settings: { ...settings, ...localOnly, webhookBaseUrl, webSocketUrl, messageBytes },
    ...anyRun,
    startedAt: clock.monotonic(),
    meter,
    watch: inspection?.posted,
  };
  const ends = { keys, closing, kept, presences, presenceQueue, store };
  const seen = { inspection, watch, meter, hooks, letters, log };
  return { gateway, registry, sessions, queues, broadcastQueue, app, retries, ...ends, ...seen };
}

function watchApp(...given: ConstructorParameters<typeof AppWatch>) {
  const watch = new AppWatch(...given);
  return { watch, meter: new MeteredHooks(watch) };
}

function totalsOf({ done, size }: HookStore, { kept }: StoredDeadLetters, { lost }: CountedLog): HookTotals {
  return { retried: done, waiting: size, dead: kept, lost };
}

/** What the retry queue needs of the others, which need it. */
function retryWork(
  parts: () => { readonly gateway: Gateway; readonly queues: SocketQueues; readonly breaker: MemoryBreaker },
): RetryWork {
  return {
    post: (hook) => postStored(parts().gateway, hook),
    isResting: (socket) => parts().queues.isResting(socket),
    isAppAway: () => parts().breaker.state().openedAt > 0,
    blocked: (socket) => parts().queues.block(socket),
    cleared: (socket) => parts().queues.unblock(socket),
  };
}

/** The registry, and what the inspector sees of it if there is one. Without one, nothing looks on. */
function registryOf({ inspector }: LocalSettings, clock: Clock, kept: KeptRecords | undefined) {
  if (!inspector) return { registry: new MemoryRegistry(clock, kept), inspection: undefined };
  const inspection = new Inspection(clock);
  return { registry: new InspectedRegistry(clock, kept, inspection.sockets), inspection };
}

function appOf(
  webhookBaseUrl: string,
  clock: Clock,
  { app }: DescriptorShares,
  dialTcp: DialTcp | undefined,
): HttpApp {
  return new HttpApp(new URL(webhookBaseUrl).origin, clock, { max: app, cork: batchWrites, dialTcp });
}

/** Posts a hook that waited for its turn. */
async function postStored(gateway: Gateway, hook: StoredHook): Promise<void> {
  if (hook.kind === 'retry') return runTask(gateway, hook);
  const record = await gateway.registry.get(hook.socket);
  const why = 'the record of its socket could not be stored';
  if (record === undefined) gateway.log.error('hook_lost', { request: hookId('message', hook.id), why });
  else await message(gateway, { ...hook, hasWaited: true });
}
