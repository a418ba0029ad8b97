import { changeGroups } from '../../gateway/group-change.ts';
import type { Clock, Groups } from '../../gateway/ports.ts';
import type { SocketRecord } from '../../gateway/record.ts';
import type { GroupChange } from '../../wire/group.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { text } from './attribute.ts';
import { type Holding, recordOf, type StoredRecord } from './item.ts';
import type { Memberships } from './memberships.ts';
import { groupsUpdate, pauseBefore, Regrouping, usersCondition } from './regrouping.ts';
import type { Change, DynamoTable } from './table.ts';

/**
 * The groups of sockets in DynamoDB. A join is a write to the table of groups and one to the record, a leave the same in
 * the other order. A change that was done, and whose answer was lost, finds that there is nothing left to change.
 */
export class DynamoGroups implements Groups {
  readonly #table: DynamoTable;
  readonly #memberships: Memberships;
  readonly #clock: Pick<Clock, 'sleep' | 'random'>;

  constructor(table: DynamoTable, memberships: Memberships, clock: Pick<Clock, 'sleep' | 'random'>) {
    this.#table = table;
    this.#memberships = memberships;
    this.#clock = clock;
  }

  async changeGroups(
    socket: SocketId,
    change: GroupChange,
    known?: SocketRecord,
    at?: number,
  ): Promise<'done' | 'gone' | 'outdated' | 'too_many_groups'> {
    const regrouping = new Regrouping(this.#memberships, socket);
    let isCurrent = known === undefined;
    let record: StoredRecord | undefined = known ?? (await this.#read(socket));
    let mayBeOurs: Holding | undefined;
    for (let round = 1; ; round++) {
      await pauseBefore(round, this.#clock);
      const groups = groupsAfter(record, change, at);
      // What the caller knew may be out of date. A socket that is closing stays so, and a version only grows.
      if (!isCurrent && (groups === 'done' || groups === 'too_many_groups')) {
        record = await this.#read(socket);
        isCurrent = true;
        continue;
      }
      if (record === undefined || typeof groups === 'string') {
        await regrouping.finish(record);
        if (typeof groups !== 'string') return 'gone';
        return groups === 'outdated' && isSame(record, mayBeOurs) ? 'done' : groups;
      }
      const next: Holding = { ...record, groups, groupsVersion: record.groupsVersion + 1 };
      await regrouping.prepare(record, next);
      const written = await this.#table.update(socket, changeOf(record, next));
      if (written.done) {
        await regrouping.finish(next);
        return 'done';
      }
      const item = await this.#table.currentItem(socket, written);
      record = item && recordOf(item);
      mayBeOurs = written.repeated ? next : undefined;
      isCurrent = true;
    }
  }

  async #read(socket: SocketId): Promise<StoredRecord | undefined> {
    const item = await this.#table.get(socket);
    return item && recordOf(item);
  }
}

/** The groups that a record is to have, or the outcome if there is nothing to write. */
function groupsAfter(record: StoredRecord | undefined, change: GroupChange, at: number | undefined) {
  if (record === undefined || record.status === 'closing') return 'gone';
  if (at !== undefined && record.groupsVersion !== at) return 'outdated';
  const groups = changeGroups(record.groups, change);
  if (groups === undefined) return 'too_many_groups';
  return groups === record.groups ? 'done' : groups;
}

/** Whether a record has what a write whose answer was lost may have given it. */
function isSame(record: Holding | undefined, written: Holding | undefined): boolean {
  if (record === undefined || record.groupsVersion !== written?.groupsVersion) return false;
  return (
    record.groups.length === written.groups.length &&
    record.groups.every((name) => written.groups.includes(name))
  );
}

function changeOf(from: Holding, to: Holding): Change {
  const groups = groupsUpdate(from, to);
  const users = usersCondition(from);
  return {
    update: [`SET ${groups.set.join(', ')}`, ...groups.removed.map((name) => `REMOVE ${name}`)].join(' '),
    condition: ['attribute_exists(#socket) AND #status <> :closing', groups.condition, users.condition].join(
      ' AND ',
    ),
    values: { ':closing': text('closing'), ...groups.values, ...users.values },
  };
}
