import type { Log } from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import { normalisePath } from '../../wire/path.ts';
import { type Item, text } from './attribute.ts';
import { recordOf, textIn } from './item.ts';
import { forEach } from './parallel.ts';
import { pathShardOf } from './shard.ts';
import type { DynamoTable } from './table.ts';

/** How many records are moved at a time. */
const atOnce = 8;

/** A record whose index key is not the one that this version looks for. */
interface Misplaced {
  readonly record: SocketRecord;
  readonly pathShard: string;
}

/** Moves the records that a survey finds under index keys of an older version, since broadcasts do not look there. */
export class Resharding {
  readonly #table: Pick<DynamoTable, 'update'>;
  readonly #log: Pick<Log, 'warnOnce'>;
  #found: Misplaced[] = [];
  #hasFailed = false;

  constructor(table: Pick<DynamoTable, 'update'>, log: Pick<Log, 'warnOnce'>) {
    this.#table = table;
    this.#log = log;
  }

  /** Reads a record, and takes note of it if it has to be moved. */
  read(item: Item): SocketRecord {
    const record = recordOf(item);
    const pathShard = textIn(item, 'pathShard');
    if (pathShard !== keyOf(record)) this.#found.push({ record, pathShard });
    return record;
  }

  /**
   * Moves the records that were found, unless they have gone or another survey has moved them. Best effort: after a
   * failure this survey moves no more, since the sweep has to go on, and the next one finds them again.
   */
  async moveFound(): Promise<void> {
    const found = this.#found;
    this.#found = [];
    if (this.#hasFailed) return;
    try {
      await forEach(found, atOnce, ({ record, pathShard }) => this.#move(record, pathShard));
    } catch (error) {
      this.#hasFailed = true;
      this.#log.warnOnce('records_not_moved', { why: String(error) });
    }
  }

  async #move(record: SocketRecord, pathShard: string): Promise<void> {
    await this.#table.update(record.socket, {
      update: 'SET #pathShard = :to',
      condition: '#pathShard = :from',
      values: { ':from': text(pathShard), ':to': text(keyOf(record)) },
    });
  }
}

function keyOf({ path, socket }: SocketRecord): string {
  return pathShardOf(normalisePath(path), socket);
}
