import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundling } from '../../infra/aws/bundling.ts';
import { type DoorName, doorNeeds } from '../../infra/aws/door-needs.ts';
import { esbuildOptions } from '../aws/esbuild-options.ts';

const under = (folder: string, ...names: string[]): string[] => names.map((name) => `${folder}/${name}`);
const aws = (...names: string[]): string[] => under('aws', ...names);

/** What every function holds. */
const everyDoor = [
  ...aws(
    'aws-calls',
    'aws-fault',
    'aws-service',
    'basics',
    'https-origin',
    'json-protocol',
    'lambda-clock',
    'lambda-log',
  ),
  ...aws('secrets-manager', 'service-key', 'settings', 'signer', 'timed'),
  ...under('http', 'answer-head', 'answer-parser', 'connection', 'deadline-queue', 'deadlines', 'dialer'),
  ...under('http', 'exchange', 'fields', 'line', 'origin', 'shortage'),
];
/** What each holds that reads and writes sockets one by one. */
const socketDoor = [
  ...everyDoor,
  ...aws('dynamo-attribute', 'dynamo-calls', 'dynamo-item', 'dynamo-lifecycle', 'dynamo-outbox'),
  ...aws('dynamo-registry', 'dynamo-shard', 'dynamo-table', 'gateway', 'mark', 'no-directory', 'refusal'),
  ...aws('signed-connections', 'sqs-later', 'task'),
  ...under('http', 'http-app'),
];
/** What each holds that looks many sockets up. */
const directoryDoor = [
  ...socketDoor,
  ...aws('dynamo-cursor', 'dynamo-directory', 'dynamo-parallel', 'dynamo-progress', 'dynamo-read'),
  ...aws('table-schema'),
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
const expected: Record<DoorName, Bundle> = {
  connect: { ours: [...socketDoor, ...aws('connect-door')], npm: jose, kib: 90 },
  default: { ours: [...socketDoor, ...aws('message-door')], npm: plain, kib: 77 },
  disconnect: { ours: [...socketDoor, ...aws('disconnect-door')], npm: plain, kib: 77 },
  send: { ours: [...socketDoor, ...aws('http-door')], npm: plain, kib: 74 },
  broadcast: { ours: [...directoryDoor, ...aws('http-door')], npm: plain, kib: 80 },
  urls: { ours: [...everyDoor, ...aws('http-door')], npm: jose, kib: 66 },
  sockets: {
    ours: [...directoryDoor, ...aws('http-door', 'management-connections', 'sdk-options')],
    npm: management,
    kib: 410,
  },
  health: { ours: [...everyDoor, ...aws('http-door')], npm: plain, kib: 99 },
  deliver: { ours: [...directoryDoor, ...aws('deliver-door')], npm: plain, kib: 84 },
  sweep: {
    ours: [...directoryDoor, ...aws('management-connections', 'sdk-options', 'sweep-door')],
    npm: management,
    kib: 410,
  },
};

const names = Object.keys(doorNeeds) as DoorName[];
const bundles = new Map<DoorName, { readonly files: readonly string[]; readonly kib: number }>();

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
function packagesOf(name: DoorName): string[] {
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
    for (const name of ['connect', 'default', 'disconnect', 'send', 'broadcast', 'deliver'] as const) {
      expect([name, packagesOf(name).filter((each) => /^@(?:aws-sdk|aws|smithy)\//.test(each))]).toEqual([
        name,
        [],
      ]);
    }
  });
});
