import type { Batch } from '../../gateway/broadcasts.ts';
import type { Clock, Log } from '../../gateway/ports.ts';
import type { BroadcastId } from '../../wire/broadcast-id.ts';
import { limits } from '../../wire/limits.ts';
import { type Attribute, type Item, number, text } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect, type Written } from './calls.ts';
import { textIn } from './item.ts';
import { pageBy, type ReadTable, readDialect } from './read.ts';
import { namesIn } from './table.ts';

/** The sort keys of a broadcast, in their order. Batches come before the broadcast, and the rest after it. */
export const parts = {
  batches: 'batch#',
  broadcast: 'broadcast',
  cancelled: 'cancelled',
  segments: 'segment#',
} as const;

/** The sort key of a segment. */
export function segmentPart(segment: number): string {
  return `${parts.segments}${String(segment).padStart(2, '0')}`;
}

/** The sort key of a batch. */
export function batchPart({ segment, at }: Batch): string {
  return `${parts.batches}${String(segment).padStart(2, '0')}#${String(at).padStart(6, '0')}`;
}

/** The numbers in the key of a segment or of a batch: of the segment, and of the batch in it. */
export function numbersOf(item: Item): readonly [segment: string, at: string] {
  const [, segment = '', at = ''] = textIn(item, 'part').split('#');
  return [segment, at];
}

/** A conditional change of one part. */
export interface PartChange {
  readonly update: string;
  readonly condition: string;
  readonly values: Item;
}

/** The table of broadcasts, part by part. Throws when DynamoDB still fails after several attempts. */
export class BroadcastTable {
  readonly #calls: DynamoCalls;
  readonly #table: ReadTable;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(access: DynamoAccess, name: string, clock: Pick<Clock, 'now'>, log: Pick<Log, 'warnOnce'>) {
    this.#calls = new DynamoCalls(access(itemDialect));
    this.#table = { dynamo: access(readDialect), name, log };
    this.#clock = clock;
  }

  /** Reads a part with all writes before it. */
  get(id: BroadcastId, part: string): Promise<Item | undefined> {
    const Key = keyOf(id, part);
    return this.#calls.getItem({ TableName: this.#table.name, Key, ConsistentRead: true });
  }

  /** Creates a part. Refused if it is there. */
  create(id: BroadcastId, part: string, attributes: Item): Promise<Written> {
    const condition = 'attribute_not_exists(#part)';
    return this.#calls.putItem({
      TableName: this.#table.name,
      Item: { ...keyOf(id, part), ...attributes, expires: this.expires },
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(condition),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** Changes a part, or creates it, if its condition is met. Returns the changed item. */
  update(id: BroadcastId, part: string, { update, condition, values }: PartChange): Promise<Written> {
    return this.#calls.updateItem({
      TableName: this.#table.name,
      Key: keyOf(id, part),
      ReturnValues: 'ALL_NEW',
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(`${update} ${condition}`),
      ExpressionAttributeValues: values,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** The parts on one side of the broadcast itself, in order. The body of the broadcast is not read. */
  async *beside(id: BroadcastId, side: '<' | '>'): AsyncGenerator<Item> {
    const names = '#part, #done, #batches, #isLast, #claimUntil, #found, #delivered, #queued, #gone, #failed';
    let after: Item | undefined;
    do {
      const found = await this.#table.dynamo.run('Query', {
        TableName: this.#table.name,
        ConsistentRead: true,
        ProjectionExpression: names,
        KeyConditionExpression: `#broadcast = :id AND #part ${side} :part`,
        ExpressionAttributeNames: namesIn(`${names} #broadcast`),
        ExpressionAttributeValues: { ':id': text(id), ':part': text(parts.broadcast) },
        ...(after === undefined ? {} : { ExclusiveStartKey: after }),
      });
      const { values, last } = pageBy(this.#table, found, itself, itself);
      yield* values;
      after = last;
    } while (after !== undefined);
  }

  /** When a part that is written now may be deleted. DynamoDB time to live: seconds since 1970. */
  get expires(): Attribute {
    return number(Math.ceil(this.#clock.now() / 1_000) + limits.broadcastSeconds);
  }
}

function keyOf(id: BroadcastId, part: string): Item {
  return { broadcast: text(id), part: text(part) };
}

function itself(item: Item): Item {
  return item;
}
