import type { SocketRecord } from '../../gateway/record.ts';
import { normalisePath } from '../../wire/path.ts';
import { type Item, text } from './attribute.ts';
import { textIn } from './item.ts';
import { forEach } from './parallel.ts';
import { pathShardOf } from './shard.ts';
import type { DynamoTable } from './table.ts';

/** How many records are moved at a time. */
const atOnce = 8;

/** A record whose index key is not the one that this version looks for. */
export interface Misplaced {
  readonly record: SocketRecord;
  readonly pathShard: string;
}

/** Whether a record stands under an index key of an older version. A survey reads every record, so it finds them all. */
export function misplaced(item: Item, record: SocketRecord): Misplaced | undefined {
  const pathShard = textIn(item, 'pathShard');
  return pathShard === keyOf(record) ? undefined : { record, pathShard };
}

/** Moves records to the index key of this version, unless they have gone or another survey has moved them. */
export function reshard(table: Pick<DynamoTable, 'update'>, found: readonly Misplaced[]): Promise<void> {
  return forEach(found, atOnce, async ({ record, pathShard }) => {
    await table.update(record.socket, {
      update: 'SET #pathShard = :to',
      condition: '#pathShard = :from',
      values: { ':from': text(pathShard), ':to': text(keyOf(record)) },
    });
  });
}

function keyOf({ path, socket }: SocketRecord): string {
  return pathShardOf(normalisePath(path), socket);
}
