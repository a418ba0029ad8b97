import type { Server } from 'node:http';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type TableIndex, tableSchema } from '../../functions/aws/table-schema.ts';
import type { Clock } from '../../functions/gateway/ports.ts';
import { portOf } from '../contract/ports/port-of.ts';

/** A clock whose pauses take no time, and are written down. */
export class QuickClock implements Clock {
  readonly slept: number[] = [];
  readonly now: () => number;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  random(): number {
    return Math.random();
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
  }
}

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

  /** A client, and how many requests of each kind it has sent since it was asked last. */
  counted(config: DynamoDBClientConfig = {}): { client: DynamoDBClient; sent: () => Record<string, number> } {
    const client = this.client(config);
    let counts: Record<string, number> = {};
    client.middlewareStack.add(
      (next, context) => (args) => {
        const name = String(context['commandName']).replace(/Command$/, '');
        counts[name] = (counts[name] ?? 0) + 1;
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const sent = (): Record<string, number> => {
      const before = counts;
      counts = {};
      return before;
    };
    return { client, sent };
  }

  /** A client that loses the answer to every first request of its kind, once that was carried out. */
  forgetful(): DynamoDBClient {
    const client = this.client();
    const lost = new Set<unknown>();
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        if (!String(context['commandName']).startsWith('Get') && !lost.has(context)) {
          lost.add(context);
          throw Object.assign(new Error('The answer was lost.'), { name: 'TimeoutError' });
        }
        return result;
      },
      { step: 'deserialize', priority: 'high' },
    );
    return client;
  }

  /** A client whose refusals carry the item, as those of DynamoDB do (ReturnValuesOnConditionCheckFailure). */
  telling(): DynamoDBClient {
    const [client, other] = [this.client(), this.client()];
    client.middlewareStack.add(
      (next) => async (args) =>
        next(args).catch(async (error: unknown) => {
          const { input } = args;
          if (
            error instanceof ConditionalCheckFailedException &&
            'Key' in input &&
            'UpdateExpression' in input
          ) {
            const read = { TableName: input.TableName, Key: input.Key, ConsistentRead: true };
            error.Item = (await other.send(new GetItemCommand(read))).Item;
          }
          throw error;
        }),
      { step: 'initialize' },
    );
    return client;
  }

  /** Creates an empty table, keyed as the stack keys it. */
  async table(client: DynamoDBClient): Promise<string> {
    this.#tables += 1;
    const TableName = `sockets-${this.#tables}`;
    await client.send(new CreateTableCommand(tableInput(TableName)));
    for (;;) {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      if (Table?.TableStatus === 'ACTIVE') return TableName;
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
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
