import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundling } from '../../infra/aws/bundling.ts';
import { type FunctionName, functionNeeds } from '../../infra/aws/function-needs.ts';
import { esbuildOptions } from '../aws/esbuild-options.ts';

const under = (folder: string, ...names: string[]): string[] => names.map((name) => `${folder}/${name}`);
const aws = (...names: string[]): string[] => under('aws', ...names);
const handler = (name: string): string[] => under('aws/handlers', `${name}-handler`);
const sdkConnections = under('aws/connections', 'sdk-connections', 'sdk-options');

/** What every function holds. */
const everyFunction = [
  ...aws('basics', 'lambda-clock', 'lambda-log', 'secrets-manager', 'settings'),
  ...under('aws/client', 'aws-calls', 'aws-error', 'aws-service', 'https-client', 'json-protocol'),
  ...under('aws/client', 'parse-json', 'service-key', 'signer'),
  ...under('aws/handlers', 'with-deadline'),
  ...under('http', 'connection', 'connection-pool', 'deadline-queue', 'deadline-queues', 'dialer'),
  ...under('http', 'exchange', 'fields', 'node-client-transport', 'response-head', 'response-parser'),
  ...under('http', 'shortage', 'wait-queue'),
  ...under('node', 'system-clock'),
];
/** What each holds that reads and writes sockets one by one. */
const socketFunction = [
  ...everyFunction,
  ...aws('gateway'),
  ...under('aws/connections', 'refused-call', 'signed-connections'),
  ...under('aws/dynamo', 'accept', 'attribute', 'calls', 'groups', 'item', 'lifecycle', 'member'),
  ...under(
    'aws/dynamo',
    'memberships',
    'no-breaker',
    'no-broadcasts',
    'no-dead-letters',
    'no-directory',
    'no-idempotency',
    'no-presences',
    'outbox',
    'parallel',
    'registry',
    'regrouping',
  ),
  ...under('aws/dynamo', 'shard', 'table', 'write-id'),
  ...under('aws/queue', 'batch-calls', 'batch-message', 'retry-message', 'sqs-task-queue', 'task-message'),
  ...under('node', 'http-app'),
];
/** What each holds that has to do with broadcasts that go on after their calls. */
const broadcasts = under('aws/dynamo', 'broadcast-counts', 'broadcast-item', 'broadcast-table', 'broadcasts');
/** What each holds that has calls with idempotency keys. */
const idempotency = under('aws/dynamo', 'call-item', 'idempotency');
/** What each holds that has to do with dead letters. */
const keeper = under('aws/dynamo', 'dead-letter-item', 'dead-letter-keeper');
/** What each holds that ends sockets, or handles messages after their ends. */
const endedSockets = under('aws/dynamo', 'ended-sockets');
const deadLetters = [...keeper, ...under('aws/dynamo', 'dead-letters')];
/** What each holds that posts hooks. */
const breaker = under('aws/dynamo', 'breaker', 'table-schema');
/** What each holds that changes groups, or ends sockets. */
const presences = under('aws/dynamo', 'presence-item', 'presences');
/** What each holds that works a queue off. */
const queue = under('aws/handlers', 'queue-handler');
/** What each holds that looks many sockets up. */
const directoryFunction = [
  ...socketFunction,
  ...under('aws/dynamo', 'cursor', 'directory', 'group-directory', 'lookup', 'member-rows', 'progress'),
  ...under('aws/dynamo', 'read', 'reshard', 'segments', 'table-schema', 'unused-rows'),
];
const plain = ['valibot'];
const jose = ['jose', 'valibot'];
const management = ['@aws-sdk/client-apigatewaymanagementapi', 'valibot'];

interface Bundle {
  /** Modules of functions/, but for those of gateway/ and wire/. */
  readonly ours: readonly string[];
  /** Packages of npm, those aside that a client of the SDK is made of. */
  readonly npm: readonly string[];
  readonly kib: number;
}

/** All that each function holds, and how large it may be, in KiB. */
const expected: Record<FunctionName, Bundle> = {
  connect: {
    ours: [...socketFunction, ...breaker, ...presences, ...handler('connect')],
    npm: jose,
    kib: 122,
  },
  default: {
    ours: [
      ...[...socketFunction, ...breaker, ...presences, ...keeper, ...endedSockets],
      ...[...aws('handlers/client-message'), ...handler('message')],
    ],
    npm: plain,
    kib: 115,
  },
  disconnect: {
    ours: [...socketFunction, ...breaker, ...presences, ...keeper, ...endedSockets, ...handler('disconnect')],
    npm: plain,
    kib: 113,
  },
  send: { ours: [...socketFunction, ...idempotency, ...handler('api')], npm: plain, kib: 100 },
  broadcast: {
    ours: [...directoryFunction, ...broadcasts, ...idempotency, ...handler('api')],
    npm: plain,
    kib: 121,
  },
  urls: { ours: [...everyFunction, ...handler('api')], npm: jose, kib: 73 },
  sockets: {
    ours: [...directoryFunction, ...handler('api'), ...sdkConnections],
    npm: management,
    kib: 410,
  },
  groups: { ours: [...directoryFunction, ...presences, ...handler('api')], npm: plain, kib: 109 },
  'dead-letters': {
    ours: [...socketFunction, ...deadLetters, ...under('aws/dynamo', 'read'), ...handler('api')],
    npm: plain,
    kib: 93,
  },
  health: {
    ours: [
      ...everyFunction,
      ...breaker,
      ...under('aws/dynamo', 'attribute', 'calls', 'item', 'table'),
      ...handler('api'),
    ],
    npm: plain,
    kib: 145,
  },
  tasks: {
    ours: [
      ...directoryFunction,
      ...under('aws/dynamo', 'breaker'),
      ...presences,
      ...broadcasts,
      ...deadLetters,
      ...endedSockets,
      ...queue,
      ...handler('tasks'),
    ],
    npm: plain,
    kib: 150,
  },
  batches: {
    ours: [...socketFunction, ...broadcasts, ...queue, ...handler('batches'), ...under('aws/dynamo', 'read')],
    npm: plain,
    kib: 95,
  },
  retries: {
    ours: [...socketFunction, ...breaker, ...presences, ...keeper, ...queue, ...handler('retries')],
    npm: plain,
    kib: 113,
  },
  redrive: {
    ours: [
      ...[...socketFunction, ...keeper, ...endedSockets, ...queue, ...handler('redrive')],
      ...aws('dynamo/table-schema', 'handlers/client-message', 'queue/given-up'),
    ],
    npm: plain,
    kib: 90,
  },
  sweep: {
    ours: [...directoryFunction, ...handler('sweep'), ...sdkConnections],
    npm: management,
    kib: 410,
  },
};

const names = Object.keys(functionNeeds) as FunctionName[];
const bundles = new Map<FunctionName, { readonly files: readonly string[]; readonly kib: number }>();

beforeAll(async () => {
  for (const name of names) {
    const { metafile } = await build({
      entryPoints: [`functions/${name}.ts`],
      ...esbuildOptions(),
      ...{ write: false, metafile: true },
    });
    const [output] = Object.values(metafile.outputs);
    const held = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    bundles.set(name, { files: held.map(([path]) => path), kib: (output?.bytes ?? 0) / 1_024 });
  }
}, 60_000);

/** The package that a file is of; undefined for one of ours. */
function packageOf(path: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

/**
 * The packages of a bundle. A client of the SDK brings some twenty of AWS's own along, and others with each release:
 * in a bundle that has a client they are the client's, in any other they are a mistake.
 */
function packagesOf(name: FunctionName): string[] {
  const files = bundles.get(name)?.files ?? [];
  const all = [...new Set(files.map(packageOf).filter((each) => each !== undefined))].sort();
  const isClient = (each: string): boolean => each.startsWith('@aws-sdk/client-');
  const isOfClient = (each: string): boolean => /^@(?:aws-sdk|aws|smithy)\//.test(each) && !isClient(each);
  return all.some(isClient) ? all.filter((each) => !isOfClient(each)) : all;
}

describe('a bundle holds what its function needs', () => {
  test('every file of functions/ is one', () => {
    const files = readdirSync('functions').filter((file) => file.endsWith('.ts'));
    expect(files.sort()).toEqual(names.map((name) => `${name}.ts`).sort());
  });

  test('the SDK is in the bundles, as it is here: what is left out would be in no list', () => {
    expect(bundling.bundleAwsSDK).toBe(true);
    expect(bundling.externalModules).toBeUndefined();
  });

  test.for(names)('%s: of npm', (name) => {
    expect(packagesOf(name)).toEqual(expected[name].npm);
  });

  test.for(names)('%s: of ours', (name) => {
    const ours = (bundles.get(name)?.files ?? []).filter((path) => packageOf(path) === undefined);
    const own = ours.filter((path) => !/^functions\/(?:gateway|wire)\//.test(path));
    const listed = [name, ...expected[name].ours].map((module) => `functions/${module}.ts`);
    expect(own.sort()).toEqual(listed.sort());
  });

  test.for(names)('%s is no larger than written down, which is what a cold start reads', (name) => {
    expect(bundles.get(name)?.kib).toBeLessThanOrEqual(expected[name].kib);
  });

  test('what somebody waits for, or posts by the thousand, holds nothing of the AWS SDK', () => {
    for (const name of [
      'connect',
      'default',
      'disconnect',
      'send',
      'broadcast',
      'tasks',
      'batches',
      'retries',
    ] as const) {
      expect([name, packagesOf(name).filter((each) => /^@(?:aws-sdk|aws|smithy)\//.test(each))]).toEqual([
        name,
        [],
      ]);
    }
  });
});
