import type { Item } from '../../functions/aws/dynamo/attribute.ts';
import type { Crowd } from './crowd.ts';

/** A page of what was found. */
interface Page {
  readonly Items: readonly Item[];
  readonly LastEvaluatedKey?: Item;
}

type Input = Readonly<Record<string, unknown>>;

/** DynamoDB Developer Guide, "Scanning tables": a page ends at 1 MB. */
const pageBytes = 1_048_576;
/** How long each call takes, in milliseconds, give or take two fifths. */
const latencyMs: Readonly<Record<string, number>> = { Scan: 25, Query: 8, BatchGetItem: 10 };

/**
 * DynamoDB, as far as a function reads open sockets: fast, since it only looks them up. What is written to a socket
 * is answered as if it had been done. Parts of broadcasts are kept, whatever their conditions.
 */
export class DynamoStandIn {
  /** Operations that fail with 500 until told otherwise. */
  readonly broken = new Set<string>();
  /** Operations that are not answered for 20 seconds until told otherwise. */
  readonly silent = new Set<string>();
  /** How often each was called. */
  readonly calls: Record<string, number> = {};
  #items: readonly Item[] = [];
  #places = new Map<string, number>();
  #shards = new Map<string, Item[]>();
  #perPage = 1;
  /** The parts of broadcasts, by their keys. */
  readonly #parts = new Map<string, Item>();

  /** Has these sockets and no others, and no broadcasts. */
  hold({ items, sockets }: Crowd): void {
    this.#parts.clear();
    this.#items = items;
    this.#places = new Map(sockets.map((socket, at) => [socket, at]));
    this.#perPage = Math.floor(pageBytes / sizeOf(items[0] ?? {}));
    this.#shards = new Map();
    for (const item of items) {
      const key = item['pathShard']?.S ?? '';
      const shard = this.#shards.get(key);
      if (shard === undefined) this.#shards.set(key, [item]);
      else shard.push(item);
    }
    for (const shard of this.#shards.values())
      shard.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  }

  /** What it answers, after how many milliseconds. */
  answer(operation: string, input: Input): { status: number; output: object; afterMs: number } {
    this.calls[operation] = (this.calls[operation] ?? 0) + 1;
    const usualMs = (latencyMs[operation] ?? 6) * (0.6 + Math.random() * 0.8);
    const afterMs = this.silent.has(operation) ? 20_000 : usualMs;
    if (this.broken.has(operation))
      return { status: 500, output: { __type: 'InternalServerError', message: 'Broken.' }, afterMs };
    return { status: 200, output: this.#run(operation, input), afterMs };
  }

  #run(operation: string, input: Input): object {
    if (input['TableName'] === 'broadcasts') return this.#broadcast(operation, input);
    switch (operation) {
      case 'Scan':
        return this.#scan(input);
      case 'Query':
        return this.#query(input);
      case 'BatchGetItem':
        return this.#batch(input);
      case 'GetItem': {
        const item = this.#get(input['Key'] as Item);
        return item === undefined ? {} : { Item: item };
      }
      case 'UpdateItem':
        return { Attributes: { ...this.#get(input['Key'] as Item), ...written(input) } };
      default:
        return {};
    }
  }

  #broadcast(operation: string, input: Input): object {
    const item = (input['Key'] ?? input['Item']) as Item;
    const key = `${item['broadcast']?.S} ${item['part']?.S}`;
    const known = this.#parts.get(key);
    if (operation === 'GetItem') return known === undefined ? {} : { Item: known };
    const changed = operation === 'PutItem' ? item : { ...item, ...known, ...written(input) };
    this.#parts.set(key, changed);
    return { Attributes: changed };
  }

  #get(key: Item): Item | undefined {
    return this.#items[this.#places.get(nameOf(key)) ?? -1];
  }

  /** A segment is a stretch of the sockets, in the order that they have. */
  #scan(input: Input): Page {
    const [total, segment] = [Number(input['TotalSegments'] ?? 1), Number(input['Segment'] ?? 0)];
    const from = Math.floor((this.#items.length * segment) / total);
    const to = Math.floor((this.#items.length * (segment + 1)) / total);
    const after = input['ExclusiveStartKey'] as Item | undefined;
    const start = after === undefined ? from : (this.#places.get(nameOf(after)) ?? from) + 1;
    const end = Math.min(
      to,
      start + Math.min(this.#perPage, Number(input['Limit'] ?? Number.POSITIVE_INFINITY)),
    );
    return pageOf(this.#items.slice(start, end), end < to);
  }

  #query(input: Input): Page {
    const values = input['ExpressionAttributeValues'] as Item;
    const after = values[':after']?.S ?? '';
    const found = (this.#shards.get(values[':key']?.S ?? '') ?? []).filter((item) => nameOf(item) > after);
    const page = found.slice(0, 8_000).map(({ socket }) => ({ socket }) as Item);
    return pageOf(page, found.length > page.length);
  }

  #batch(input: Input): object {
    const [[table, asked] = ['', { Keys: [] }]] = Object.entries(
      input['RequestItems'] as Record<string, { Keys: Item[] }>,
    );
    return {
      Responses: { [table]: asked.Keys.map((key) => this.#get(key)).filter((item) => item !== undefined) },
      UnprocessedKeys: {},
    };
  }
}

function nameOf(item: Item): string {
  return item['socket']?.S ?? '';
}

function pageOf(items: readonly Item[], hasMore: boolean): Page {
  const last = items.at(-1);
  return {
    Items: items,
    ...(hasMore && last ? { LastEvaluatedKey: { socket: last['socket'] } as Item } : {}),
  };
}

/** What an update of the form `#name = :value, ...` sets. */
function written({ UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues }: Input): Item {
  const [names, values] = [
    ExpressionAttributeNames as Record<string, string>,
    ExpressionAttributeValues as Item,
  ];
  const pairs = [...String(UpdateExpression).matchAll(/(#\w+) = (:\w+)/g)];
  return Object.fromEntries(
    pairs.flatMap(([, name = '', value = '']) => {
      const attribute = values[value];
      return attribute === undefined ? [] : [[names[name] ?? '', attribute]];
    }),
  );
}

function sizeOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S, N }]) => sum + name.length + (S ?? N ?? '').length, 0);
}
