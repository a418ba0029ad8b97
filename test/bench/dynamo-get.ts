/**
 * The cost of a GetItem in microseconds of CPU, one at a time as in Lambda. Measures our own calls and the SDK's client
 * in turn, each in a separate process, over plain http with a kept-alive connection to an emulator in another process.
 *
 *     node --import tsx test/bench/dynamo-get.ts [rounds, 7 unless given] [calls per round, 1000 unless given]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { sdkOptions } from '../../functions/aws/connections/sdk-options.ts';
import { DynamoCalls, dynamoAccess, itemDialect } from '../../functions/aws/dynamo/calls.ts';
import { lambdaClock as clock } from '../../functions/aws/lambda-clock.ts';
import { parseSocketId, type SocketId } from '../../functions/wire/socket-id.ts';
import { caller, Dynamo, registryAt } from '../aws/dynamo-table.ts';
import { bring } from '../contract/ports/registry-world.ts';
import { aPath } from '../fakes/a-record.ts';
import { median } from './measure/median.ts';

/** The key of the item. */
interface Found {
  readonly endpoint: string;
  readonly TableName: string;
  readonly socket: SocketId;
}

/** Every way to read it. */
const ways: Readonly<Record<string, (found: Found) => () => Promise<unknown>>> = {
  'our own calls': ({ endpoint, TableName, socket }) => {
    const calls = new DynamoCalls(dynamoAccess(endpoint, caller, clock)(itemDialect));
    return () => calls.getItem({ TableName, Key: { socket: { S: socket } }, ConsistentRead: true });
  },
  "the SDK's client": ({ endpoint, TableName, socket }) => {
    const client = new DynamoDBClient({ ...sdkOptions(caller), endpoint, maxAttempts: 6 });
    const input = { TableName, Key: { socket: { S: socket } }, ConsistentRead: true };
    return () => client.send(new GetItemCommand(input));
  },
};

/** Serves the record of an open socket. */
async function serve(): Promise<void> {
  const dynamo = await Dynamo.start();
  const TableName = await dynamo.table(dynamo.client());
  const registry = registryAt({ name: TableName, endpoint: dynamo.endpoint }, clock);
  const socket = await bring(registry, 'open', { path: aPath('/room/1'), user: 'alice', query: 'a=1' });
  process.send?.({ endpoint: dynamo.endpoint, TableName, socket });
}

/** Makes the number of calls that each message asks for, and reports the cost of one. */
function read(way: string, [endpoint = '', TableName = '', id = '']: readonly string[]): void {
  const socket = parseSocketId(id);
  const call = socket && ways[way]?.({ endpoint, TableName, socket });
  if (call === undefined) throw new Error(`${way} is no way to read.`);
  process.on('message', async (calls) => {
    const started = process.cpuUsage();
    for (let made = 0; made < Number(calls); made++) await call();
    const { user, system } = process.cpuUsage(started);
    process.send?.((user + system) / Number(calls));
  });
  process.send?.('ready');
}

async function compare(rounds: number, calls: number): Promise<void> {
  const [server, found] = await child<Found>('serve');
  const where = [found.endpoint, found.TableName, found.socket];
  const readers = await Promise.all(
    Object.keys(ways).map(async (way) => ({ way, reader: (await child('read', way, ...where))[0] })),
  );
  const costs = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
  // The first round is a warm-up: Node.js compiles what runs often.
  for (let round = 0; round <= rounds; round++) {
    for (const { way, reader } of readers) {
      const said = once(reader, 'message');
      reader.send(calls);
      const [cost] = await said;
      if (round > 0) costs.get(way)?.push(Number(cost));
    }
  }
  for (const { reader } of readers) reader.kill();
  server.kill();
  process.stdout.write(`CPU µs per GetItem, median of ${rounds} rounds of ${calls} (least, most)\n`);
  for (const [way, measured] of costs) {
    const [cost, min, max] = [median(measured), Math.min(...measured), Math.max(...measured)];
    process.stdout.write(`${cost.toFixed(0).padStart(6)} (${min.toFixed(0)}, ${max.toFixed(0)}) | ${way}\n`);
  }
}

/** Starts this file in a new process. Resolves with its first message. */
async function child<Said>(...args: readonly string[]): Promise<readonly [ChildProcess, Said]> {
  const started = fork(fileURLToPath(import.meta.url), args);
  const [said] = await once(started, 'message');
  return [started, said];
}

const [task = '7', ...rest] = process.argv.slice(2);
// So that a run that fails leaves no process behind.
process.on('disconnect', () => process.exit());
if (task === 'serve') await serve();
else if (task === 'read') read(rest[0] ?? '', rest.slice(1));
else await compare(Number(task), Number(rest[0] ?? 1_000));
