import { AwsError } from '../../functions/aws/client/aws-error.ts';
import { type Item, isObject, itemFrom } from '../../functions/aws/dynamo/attribute.ts';
import type { Dynamo } from '../../functions/aws/dynamo/calls.ts';
import type { TableNames } from '../../functions/aws/dynamo/table.ts';
import {
  broadcastsSchema,
  deadLettersSchema,
  groupsSchema,
  tableSchema,
} from '../../functions/aws/dynamo/table-schema.ts';
import { hashOf } from '../../functions/gateway/hash.ts';
import { compareTexts, Expressions, type Placeholders } from './dynamo-expression.ts';

/** The inputs of all operations that we use. */
interface Input extends Placeholders {
  readonly TableName: string;
  readonly Key: Item;
  readonly Item: Item;
  readonly ConditionExpression?: string;
  readonly UpdateExpression: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly IndexName?: string;
  readonly ExclusiveStartKey?: Item;
  readonly Limit?: number;
  readonly Segment?: number;
  readonly TotalSegments?: number;
  readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly Item[] }>>;
}

/** The four tables, for tests. */
export const memoryTables: TableNames = {
  name: 'sockets',
  groups: 'groups',
  broadcasts: 'broadcasts',
  deadLetters: 'deadLetters',
};

const keys: Readonly<Record<string, readonly string[]>> = {
  sockets: [tableSchema.partitionKey],
  groups: [groupsSchema.partitionKey, groupsSchema.sortKey],
  broadcasts: [broadcastsSchema.partitionKey, broadcastsSchema.sortKey],
  deadLetters: [deadLettersSchema.partitionKey, deadLettersSchema.sortKey],
};

/**
 * DynamoDB in memory, for tests that make hundreds of thousands of calls: the operations and the expressions that we
 * use. It passes the contracts of the registry, of broadcasts and of dead letters. Each operation is atomic, and its
 * refusals carry the item, as those of DynamoDB do.
 */
export class MemoryDynamo implements Dynamo {
  readonly #tables: Readonly<Record<string, Map<string, Item>>> = {
    sockets: new Map(),
    groups: new Map(),
    broadcasts: new Map(),
    deadLetters: new Map(),
  };
  /** How many items a page of a Scan or a Query has at most. */
  readonly #pageSize: number;

  constructor(pageSize = 1_000) {
    this.#pageSize = pageSize;
  }

  /** All items of a table, in no order that matters. */
  items(table: keyof TableNames): Item[] {
    return [...this.#table(memoryTables[table]).values()];
  }

  async run(operation: string, given: object): Promise<unknown> {
    // As in JSON: what is undefined is not sent.
    const input: Input = JSON.parse(JSON.stringify(given));
    switch (operation) {
      case 'GetItem':
        return { Item: this.#table(input.TableName).get(keyIn(input.TableName, input.Key)) };
      case 'BatchGetItem':
        return this.#batch(input);
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        return this.#write(operation, input);
      case 'Query':
      case 'Scan':
        return this.#page(input);
      default:
        throw new Error(`The double has no ${operation}.`);
    }
  }

  #write(operation: 'PutItem' | 'UpdateItem' | 'DeleteItem', input: Input): unknown {
    const table = this.#table(input.TableName);
    const key = keyIn(input.TableName, operation === 'PutItem' ? input.Item : input.Key);
    const before = table.get(key);
    const expressions = new Expressions(input);
    const isMet = expressions.condition(input.ConditionExpression);
    const update = operation === 'UpdateItem' ? expressions.update(input.UpdateExpression) : undefined;
    expressions.finish();
    if (!isMet(before ?? {})) throw refusal(operation, input, before);
    const after = update?.(before ?? input.Key) ?? input.Item;
    if (operation === 'DeleteItem') table.delete(key);
    else table.set(key, itemFrom(after));
    if (input.ReturnValues === 'ALL_NEW') return { Attributes: after };
    return input.ReturnValues === 'ALL_OLD' ? { Attributes: before } : {};
  }

  #batch({ RequestItems }: Input): unknown {
    const Responses = Object.entries(RequestItems).map(([name, { Keys }]) => {
      const keys = Keys.map((key) => keyIn(name, key));
      if (keys.length > 100 || new Set(keys).size < keys.length)
        throw new Error('A BatchGetItem names a key twice, or more than 100 keys.');
      return [
        name,
        keys.map((key) => this.#table(name).get(key)).filter((item) => item !== undefined),
      ] as const;
    });
    return { Responses: Object.fromEntries(Responses), UnprocessedKeys: {} };
  }

  #page(input: Input): unknown {
    const { TableName, IndexName, Limit = this.#pageSize, ExclusiveStartKey, Segment, TotalSegments } = input;
    const expressions = new Expressions(input);
    const isInRange = expressions.condition(input.KeyConditionExpression);
    const isWanted = expressions.condition(input.FilterExpression);
    const project = expressions.projection(input.ProjectionExpression);
    expressions.finish();
    const start = ExclusiveStartKey && keyIn(TableName, ExclusiveStartKey);
    const isInSegment = (key: string): boolean =>
      TotalSegments === undefined || hashOf(key) % TotalSegments === Segment;
    const found = [...this.#table(TableName)]
      .filter(([key, item]) => isInSegment(key) && isInRange(item))
      .filter(([key]) => start === undefined || compareTexts(key, start) > 0)
      .sort(([one], [other]) => compareTexts(one, other));
    const page = found.slice(0, Math.min(Limit, this.#pageSize)).map(([, item]) => item);
    const last = page.length === Math.min(Limit, this.#pageSize) ? page.at(-1) : undefined;
    return {
      Items: page.filter(isWanted).map(project),
      ...(last === undefined ? {} : { LastEvaluatedKey: keysOf(TableName, last, IndexName) }),
    };
  }

  #table(name: string): Map<string, Item> {
    const table = this.#tables[name];
    if (table === undefined) throw new Error(`There is no table ${name}.`);
    return table;
  }
}

function keyIn(table: string, item: Item): string {
  return (keys[table] ?? []).map((name) => item[name]?.S ?? '').join('\n');
}

function keysOf(table: string, item: Item, index: string | undefined): Item {
  const names = keys[table] ?? [];
  const all = index === undefined ? names : [...names, index];
  return Object.fromEntries(Object.entries(item).filter(([name]) => all.includes(name)));
}

function refusal(operation: string, input: Input, found: Item | undefined): AwsError {
  const carries = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && isObject(found);
  return new AwsError(operation, {
    status: 400,
    errorType: 'ConditionalCheckFailedException',
    body: JSON.stringify(carries ? { Item: found } : {}),
  });
}
