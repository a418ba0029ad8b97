import { createHmac } from 'node:crypto';
import type { Gateway, Policy, Settings } from '../../functions/gateway/gateway.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { localSecrets } from '../../functions/local/local-secrets.ts';
import { MemoryBreaker } from '../../functions/local/memory-breaker.ts';
import { MemoryBroadcasts } from '../../functions/local/memory-broadcasts.ts';
import { MemoryIdempotency } from '../../functions/local/memory-idempotency.ts';
import { MemoryPresences } from '../../functions/local/memory-presences.ts';
import { MemoryRegistry } from '../../functions/local/memory-registry.ts';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import { StoredDeadLetters } from '../../functions/local/stored-dead-letters.ts';
import { form } from '../../functions/wire/formats/form.ts';
import { socketEvents } from '../../functions/wire/hook.ts';
import { limits } from '../../functions/wire/limits.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { aRecord } from './a-record.ts';
import { FakeApp } from './fake-app.ts';
import { FakeConnections } from './fake-connections.ts';
import { FakeTaskQueue } from './fake-task-queue.ts';
import { ManualClock } from './manual-clock.ts';

/** A gateway in a world of fakes, which a test can control. */
export interface FakeWorld {
  readonly gateway: Gateway;
  readonly registry: Registry;
  readonly connections: FakeConnections;
  readonly app: FakeApp;
  readonly tasks: FakeTaskQueue;
  readonly clock: ManualClock;
  readonly log: RecordingLog;
  /** Adds a socket that was accepted just now. */
  admit(given?: Partial<SocketRecord>): Promise<SocketRecord>;
}

/** The parts that a test replaces. */
export interface Given {
  readonly registry?: (memory: MemoryRegistry) => Registry;
  readonly settings?: Partial<Settings>;
  readonly policy?: Partial<Policy>;
}

/** Makes one. A test may supply another registry, settings and policy. */
export function fakeGateway(given: Given = {}): FakeWorld {
  const clock = new ManualClock();
  const memory = new MemoryRegistry(clock);
  const registry = given.registry?.(memory) ?? memory;
  const [connections, app, tasks, log] = [
    new FakeConnections(),
    new FakeApp(),
    new FakeTaskQueue(),
    new RecordingLog(),
  ];
  const secret = createHmac('sha256', 'a test').digest('base64');
  const secrets = localSecrets({ apiKeys: [], webhookSecrets: [`whsec_${secret}`], urlKeys: [] });
  const gateway: Gateway = {
    registry,
    broadcasts: new MemoryBroadcasts(clock),
    idempotency: new MemoryIdempotency(clock),
    deadLetters: new StoredDeadLetters(new MemoryStore(), clock),
    presences: new MemoryPresences(new MemoryStore(), clock, log),
    connections,
    app,
    breaker: new MemoryBreaker(),
    tasks,
    secrets,
    clock,
    log,
    settings: { ...usualSettings, ...given.settings },
    policy: { ...usualPolicy, ...given.policy },
    deadline: Number.POSITIVE_INFINITY,
  };
  const admit = async (rest: Partial<SocketRecord> = {}): Promise<SocketRecord> => {
    const record = aRecord({ status: 'open', acceptedAt: clock.now(), ...rest });
    await memory.put(record);
    return record;
  };
  return { gateway, registry, connections, app, tasks, clock, log, admit };
}

const usualSettings: Settings = {
  webhookBaseUrl: 'http://app.example/websocket',
  format: form,
  // Presence is off, as it is by default: its tasks would be among those that other tests count.
  hooks: new Set(socketEvents),
  hookTimeoutMs: 10_000,
  messageFailure: 'retry',
  messageRetryMs: 21_600_000,
  presenceGraceMs: 5_000,
  forwardHeaders: [],
  requireTicket: false,
  allowedOrigins: undefined,
  messageBytes: limits.messageBytes,
  webSocketUrl: 'ws://gateway.example/',
  replyBy: 'post',
  probeMinutes: 30,
  maxPostsPerSecond: Number.POSITIVE_INFINITY,
};

const usualPolicy: Policy = {
  retry: { attempts: 3, withinMs: 10_000 },
  leaseMs: 60_000,
  defersDeliveries: false,
  keepsOrder: false,
  looksCost: true,
  closedRetryWindowMs: 86_400_000,
  staleMs: 60_000,
  sweepsFinishFlushes: true,
  untoldMs: undefined,
  lifeMs: 7_500_000,
  flushRetryMs: 1_000,
  goneGraceMs: 10_000,
  batchSockets: 500,
  batchBytes: Number.POSITIVE_INFINITY,
  batchesPerCall: 10,
  batchRetryMs: 3_000,
  broadcastWorkers: 1,
};
