import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { functionNames } from '../aws/bundles.ts';
import type { Bench } from './bench.ts';
import { bundle, doorFile, type Entry } from './bundles.ts';
import { median } from './measure/median.ts';
import { whole } from './report/markdown.ts';
import { handlerEnvironment } from './servers/handler-environment.ts';

const run = promisify(execFile);

/** A handler that imports the stock clients of the SDK. */
const stock = `
  import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
  import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
  const [table, connections] = [new DynamoDBClient({}), new ApiGatewayManagementApiClient({ endpoint: 'https://localhost' })];
  export const handler = async (event) => [
    await table.send(new GetItemCommand(event)),
    await connections.send(new PostToConnectionCommand(event)),
  ];
`;

/** The handlers whose cold start delays a client that connects or has sent something. */
const waitedFor: ReadonlySet<string> = new Set(['connect', 'default', 'disconnect', 'send']);

const timed = (file: string): string =>
  `const from = performance.now(); await import(${JSON.stringify(pathToFileURL(file))}); console.log(performance.now() - from); process.exit(0);`;

/** How long each Lambda handler takes to import in a fresh process, and the size of its bundle. */
export const coldStart: Bench = {
  name: 'cold-start',
  run: async ({ isQuick }) => {
    const ours = functionNames.map((name): [string, Entry] => [name, { file: doorFile(name) }]);
    const bundles = await bundle({
      'stock clients': { text: stock },
      'an empty module': { text: 'export {};' },
      ...Object.fromEntries(ours),
    });
    const times: Record<string, number[]> = {};
    const rounds = isQuick ? 5 : 10;
    for (let round = 0; round < rounds; round++) {
      for (const [name, { file }] of Object.entries(bundles)) {
        const own = times[name] ?? [];
        times[name] = own;
        own.push(await importMs(file));
      }
    }
    const rows = Object.entries(bundles).map(([name, { bytes }]) => {
      const ms = median(times[name] ?? []);
      return { name, ms, kilobytes: bytes / 1_000, ratio: ms / median(times['stock clients'] ?? []) };
    });
    const waited = rows.filter(({ name }) => waitedFor.has(name));
    return {
      rounds,
      tables: [
        {
          title: 'Import in a fresh process',
          head: ['', 'ms', '÷ stock clients', 'bundle, KB'],
          rows: rows.map(({ name, ms, ratio, kilobytes }) => [
            name,
            ms.toFixed(1),
            ratio.toFixed(2),
            whole(kilobytes),
          ]),
        },
      ],
      targets: [
        {
          what: 'the slowest handler that a client waits for ÷ stock clients',
          measured: Math.max(...waited.map(({ ratio }) => ratio)),
          max: 0.5,
        },
      ],
    };
  },
};

async function importMs(file: string): Promise<number> {
  const env = { PATH: process.env['PATH'], ...handlerEnvironment };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', timed(file)], { env });
  return Number(stdout);
}
