import type { Server } from 'node:http';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import type { Caller } from '../../functions/aws/client/aws-service.ts';
import { DynamoBreaker } from '../../functions/aws/dynamo/breaker.ts';
import { DynamoBroadcasts } from '../../functions/aws/dynamo/broadcasts.ts';
import { dynamoAccess } from '../../functions/aws/dynamo/calls.ts';
import { DynamoDeadLetters } from '../../functions/aws/dynamo/dead-letters.ts';
import { DynamoDirectory } from '../../functions/aws/dynamo/directory.ts';
import { DynamoIdempotency } from '../../functions/aws/dynamo/idempotency.ts';
import { DynamoPresences } from '../../functions/aws/dynamo/presences.ts';
import { dynamoRegistry } from '../../functions/aws/dynamo/registry.ts';
import {
  broadcastsSchema,
  deadLettersSchema,
  groupsSchema,
  type TableIndex,
  tableSchema,
} from '../../functions/aws/dynamo/table-schema.ts';
import type { Clock, Registry } from '../../functions/gateway/ports.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { RecordingLog } from '../support/recording-log.ts';

/** A clock whose pauses take no time, and are written down. */
export class QuickClock implements Clock {
  readonly slept: number[] = [];
  readonly now: () => number;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  monotonic(): number {
    return performance.now();
  }

  random(): number {
    return Math.random();
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
  }
}

/** Who calls the emulator, which lets anybody. */
export const caller: Caller = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

/** The name of the table of groups beside a table of sockets. */
export function groupsNameOf(sockets: string): string {
  return `${sockets}-groups`;
}

/** The name of the table of broadcasts beside a table of sockets. */
export function broadcastsNameOf(sockets: string): string {
  return `${sockets}-broadcasts`;
}

/** The name of the table of dead letters beside a table of sockets. */
export function deadLettersNameOf(sockets: string): string {
  return `${sockets}-dead-letters`;
}

/** A registry with all that it can do, on the tables that `Dynamo.table` made. */
export function registryAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
  log = new RecordingLog(),
): Registry {
  const address = { name, groups: groupsNameOf(name), endpoint };
  return dynamoRegistry(address, caller, clock, DynamoDirectory, log);
}

/** The broadcasts in the third of those tables. */
export function broadcastsAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
): DynamoBroadcasts {
  const tables = { broadcasts: broadcastsNameOf(name) };
  return new DynamoBroadcasts(dynamoAccess(endpoint, caller, clock), tables, clock, new RecordingLog());
}

/** The calls with idempotency keys in the same table. */
export function idempotencyAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
): DynamoIdempotency {
  const tables = { broadcasts: broadcastsNameOf(name) };
  return new DynamoIdempotency(dynamoAccess(endpoint, caller, clock), tables, clock);
}

/** Who is in which group, in the same table. */
export function presencesAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
): DynamoPresences {
  const tables = { broadcasts: broadcastsNameOf(name) };
  return new DynamoPresences(dynamoAccess(endpoint, caller, clock), tables, clock);
}

/** The circuit breaker of one process, in the same table. */
export function breakerAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
): DynamoBreaker {
  return new DynamoBreaker(
    dynamoAccess(endpoint, caller, clock),
    { broadcasts: broadcastsNameOf(name) },
    clock,
  );
}

/** The dead letters in the fourth of those tables. */
export function deadLettersAt(
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  clock: Clock = new QuickClock(),
  log = new RecordingLog(),
): DynamoDeadLetters {
  const tables = { deadLetters: deadLettersNameOf(name) };
  return new DynamoDeadLetters(dynamoAccess(endpoint, caller, clock), tables, clock, log);
}

/** Longer than any pause of a busy machine, after which a client might use a connection that is just being closed. */
const keptMs = 60_000;

/** DynamoDB in this process, its tables in memory. */
export class Dynamo {
  readonly #server: Server;
  readonly #clients: DynamoDBClient[] = [];
  #tables = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Dynamo> {
    const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
    server.keepAliveTimeout = keptMs;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Dynamo(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  client(config: DynamoDBClientConfig = {}): DynamoDBClient {
    const client = new DynamoDBClient({
      endpoint: this.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      ...config,
    });
    this.#clients.push(client);
    return client;
  }

  /** Creates four empty tables, keyed as the stack keys them. Returns the name of the table of sockets. */
  async table(client: DynamoDBClient): Promise<string> {
    this.#tables += 1;
    const name = `sockets-${this.#tables}`;
    await Promise.all([
      create(client, tableInput(name)),
      create(client, sortedInput(groupsNameOf(name), groupsSchema)),
      create(client, sortedInput(broadcastsNameOf(name), broadcastsSchema)),
      create(client, sortedInput(deadLettersNameOf(name), deadLettersSchema)),
    ]);
    return name;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function create(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: input.TableName }));
    if (Table?.TableStatus === 'ACTIVE') return;
  }
}

function sortedInput(
  TableName: string,
  {
    partitionKey,
    sortKey,
    billing,
  }: typeof groupsSchema | typeof broadcastsSchema | typeof deadLettersSchema,
): CreateTableCommandInput {
  return {
    TableName,
    BillingMode: billing,
    AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ],
  };
}

function tableInput(TableName: string): CreateTableCommandInput {
  const { partitionKey, billing, indexes } = tableSchema;
  const all: readonly TableIndex[] = Object.values(indexes);
  const names = new Set([partitionKey, ...all.flatMap((index) => [index.partitionKey, index.sortKey])]);
  return {
    TableName,
    BillingMode: billing,
    AttributeDefinitions: [...names].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
    GlobalSecondaryIndexes: all.map((index) => ({
      IndexName: index.name,
      KeySchema: [
        { AttributeName: index.partitionKey, KeyType: 'HASH' },
        { AttributeName: index.sortKey, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: index.projection },
    })),
  };
}
