import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';

const doors = readdirSync('functions')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));

/** The modules that a bundle holds something of, by door. */
const contents = new Map<string, string[]>();

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: doors.map((door) => `functions/${door}.ts`),
    ...{ bundle: true, write: false, outdir: 'unwritten', metafile: true, minify: true, logLevel: 'error' },
    ...{ format: 'esm', platform: 'node', mainFields: ['module', 'main'] },
  });
  for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
    const held = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const door = /(\w+)\.js$/.exec(output)?.[1] ?? '';
    contents.set(
      door,
      held.map(([file]) => file),
    );
  }
});

/** The clients of the SDK in a bundle. */
function clientsOf(door: string): string[] {
  const files = contents.get(door) ?? [];
  const names = files.map((file) => /node_modules\/@aws-sdk\/(client-[\w-]+)\//.exec(file)?.[1] ?? '');
  return [...new Set(names)].filter((name) => name !== '');
}

describe('a bundle', () => {
  test.for(doors)('is made of %s', (door) => {
    expect(contents.get(door)).toContain(`functions/${door}.ts`);
  });

  test.for(['connect', 'default', 'disconnect', 'send', 'urls', 'health'])(
    'of %s holds nothing of the SDK, since a client waits for it or it never needs to',
    (door) => {
      expect((contents.get(door) ?? []).filter((file) => /@aws-sdk|@smithy/.test(file))).toEqual([]);
    },
  );

  test.for(['broadcast', 'deliver'])(
    'of %s, which reads many records at once, holds of the SDK only the client of DynamoDB',
    (door) => {
      expect(clientsOf(door)).toEqual(['client-dynamodb']);
    },
  );

  test.for(['sockets', 'sweep'])(
    'of %s holds the client of @connections too, which it calls now and then',
    (door) => {
      expect(clientsOf(door).sort()).toEqual(['client-apigatewaymanagementapi', 'client-dynamodb']);
    },
  );
});
