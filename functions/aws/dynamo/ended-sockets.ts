import type { EndedSockets } from '../../gateway/ended-sockets.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, number, text, texts } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect } from './calls.ts';
import { expiresAfter, filled, recordOf } from './item.ts';
import type { TableNames } from './table.ts';
import { endedKeys } from './table-schema.ts';

/** How long a record is kept. SQS: 14 days, for a message that was given up. Before that, Lambda has it for 6 hours. */
const keptDays = 15;

/**
 * The records of ended sockets in the table of dead letters, which nobody scans: a sweep reads the table of sockets
 * each minute, and would pay for them. Each has a partition key of its own.
 */
export class DynamoEndedSockets implements EndedSockets {
  readonly #calls: DynamoCalls;
  readonly #table: string;
  readonly #isKeeping: boolean;

  /** `isKeeping`: whether messages wait. If not, no record is kept, and those that were are still found. */
  constructor(access: DynamoAccess, { deadLetters }: Pick<TableNames, 'deadLetters'>, isKeeping: boolean) {
    this.#calls = new DynamoCalls(access(itemDialect));
    this.#table = deadLetters;
    this.#isKeeping = isKeeping;
  }

  async keep(record: SocketRecord): Promise<void> {
    if (this.#isKeeping) await this.#calls.putItem({ TableName: this.#table, Item: endedItem(record) });
  }

  async get(socket: SocketId): Promise<SocketRecord | undefined> {
    const place = { TableName: this.#table, Key: keyOf(socket) };
    const item = await this.#calls.getItem({ ...place, ConsistentRead: true });
    return item && recordOf(item);
  }
}

function keyOf(socket: SocketId): Item {
  return { shard: text(endedKeys + socket), letter: text('socket') };
}

/** The item of a record that is `closing`, with the attributes that `recordOf` reads. */
function endedItem({
  socket,
  groups,
  groupsVersion,
  openedAt,
  acceptedAt,
  end,
  ...record
}: SocketRecord): Item {
  if (end === undefined) throw new Error('A record is kept only after the end of its socket.');
  const { path, query, user, state, origin } = record;
  return {
    ...keyOf(socket),
    socket: text(socket),
    status: text('closing'),
    ...filled({ path, query, user, state, origin, reason: end.reason }),
    ...(groups.length === 0 ? {} : { groups: texts(groups) }),
    groupsVersion: number(groupsVersion),
    openedAt: number(openedAt),
    acceptedAt: number(acceptedAt),
    code: number(end.code),
    endedAt: number(end.time),
    expires: expiresAfter(end.time, keptDays),
  };
}
