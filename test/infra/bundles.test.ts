import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundling } from '../../infra/aws/bundling.ts';
import { type DoorName, doorNeeds } from '../../infra/aws/door-needs.ts';

/** Of all that a bundle may hold, what decides how large it is and how long it takes to load. */
const notable =
  /^(?:@aws-sdk\/client-|aws-cdk-lib|constructs|cdk-nag|ws|undici|jose|valibot|infra\/|sdk\/|test\/|examples\/)/;

/** What each function holds of these, and how large it may be, in KiB. */
const expected: Record<DoorName, { readonly holds: string[]; readonly kib: number }> = {
  connect: { holds: ['jose', 'valibot'], kib: 80 },
  default: { holds: ['valibot'], kib: 60 },
  disconnect: { holds: ['valibot'], kib: 60 },
  send: { holds: ['valibot'], kib: 60 },
  broadcast: { holds: ['@aws-sdk/client-dynamodb', 'valibot'], kib: 400 },
  urls: { holds: ['jose', 'valibot'], kib: 60 },
  sockets: {
    holds: ['@aws-sdk/client-apigatewaymanagementapi', '@aws-sdk/client-dynamodb', 'valibot'],
    kib: 400,
  },
  health: { holds: ['valibot'], kib: 90 },
  deliver: { holds: ['@aws-sdk/client-dynamodb', 'valibot'], kib: 400 },
  sweep: {
    holds: ['@aws-sdk/client-apigatewaymanagementapi', '@aws-sdk/client-dynamodb', 'valibot'],
    kib: 400,
  },
};

const names = Object.keys(doorNeeds) as DoorName[];
const bundles = new Map<DoorName, { readonly modules: Set<string>; readonly kib: number }>();

beforeAll(async () => {
  for (const name of names) {
    const { metafile } = await build({
      entryPoints: [`functions/${name}.ts`],
      ...{ bundle: true, write: false, metafile: true, platform: 'node', logLevel: 'error' },
      format: bundling.format === undefined ? 'cjs' : 'esm',
      ...{ target: bundling.target ?? '', minify: bundling.minify ?? false },
      mainFields: bundling.mainFields ?? [],
      banner: { js: bundling.banner ?? '' },
    });
    const [output] = Object.values(metafile.outputs);
    const held = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const modules = new Set(held.map(([path]) => moduleOf(path)));
    bundles.set(name, { modules, kib: (output?.bytes ?? 0) / 1_024 });
  }
}, 60_000);

/** The package that a file is of, or its own path if it is one of ours. */
function moduleOf(path: string): string {
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  return inPackage ?? path;
}

describe('a bundle holds what its function needs', () => {
  test.for(names)('%s', (name) => {
    const held = [...(bundles.get(name)?.modules ?? [])].filter((module) => notable.test(module)).sort();
    expect(held).toEqual(expected[name].holds);
  });

  test.for(names)('%s is no larger than written down, which is what a cold start reads', (name) => {
    expect(bundles.get(name)?.kib).toBeLessThanOrEqual(expected[name].kib);
  });

  test('no bundle holds the stack, the local world, or what only that needs', () => {
    const all = new Set([...bundles.values()].flatMap(({ modules }) => [...modules]));
    expect(all.size).toBeGreaterThan(50);
    expect(
      [...all].filter((module) => /^(?:aws-cdk-lib|constructs|ws|undici|infra\/|sdk\/|test\/)/.test(module)),
    ).toEqual([]);
  });

  test('what a client waits for holds nothing of the AWS SDK', () => {
    for (const name of ['connect', 'default', 'disconnect', 'send'] as const) {
      const modules = [...(bundles.get(name)?.modules ?? [])];
      expect([name, modules.filter((module) => /^@(?:aws-sdk|smithy)\//.test(module))]).toEqual([name, []]);
    }
  });
});
