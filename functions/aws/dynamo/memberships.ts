import type { Clock, Log } from '../../gateway/ports.ts';
import { limits } from '../../wire/limits.ts';
import { number, text } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect } from './calls.ts';
import { expiresAfter } from './item.ts';
import { type Membership, memberOf } from './member.ts';
import { forEach } from './parallel.ts';
import { namesIn } from './table.ts';

/** How many rows one call writes at a time: all that a socket may have, so that they take no longer than one. */
const rowsAtOnce = limits.groups;

/** A second in all for rows that nobody needs, so that no run is too late for a busy group. */
const deleteDialect = { ...itemDialect, maxMs: 1_000, maxMsOfAttempt: 1_000, longestPauseMs: 250 } as const;
/** When DynamoDB deletes a row that nobody has. No socket lives longer than two hours. */
const expiresAfterDays = 2;

/** A row to delete, and the highest version that it may have. Without one, it is deleted whatever its version. */
export interface UnusedRow extends Membership {
  readonly upTo?: number;
}

/**
 * The table of groups, which has a row for each group of each socket. The record of the socket is the truth: a row only
 * tells where to look. A row has the version at which its socket joined the group, so that nobody deletes a row that a
 * later join needs.
 */
export class Memberships {
  readonly #calls: DynamoCalls;
  readonly #deletions: DynamoCalls;
  readonly #name: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Pick<Log, 'warn'>;

  constructor(access: DynamoAccess, name: string, clock: Pick<Clock, 'now'>, log: Pick<Log, 'warn'>) {
    this.#calls = new DynamoCalls(access(itemDialect));
    this.#deletions = new DynamoCalls(access(deleteDialect));
    this.#name = name;
    this.#clock = clock;
    this.#log = log;
  }

  /** Puts rows with a version. A row that has it already, or a higher one, stays. */
  async put(memberships: readonly Membership[], version: number): Promise<void> {
    const condition = 'attribute_not_exists(#version) OR #version < :version';
    await forEach(memberships, rowsAtOnce, async (membership) => {
      await this.#calls.putItem({
        TableName: this.#name,
        Item: {
          ...rowKeyOf(membership),
          version: number(version),
          expires: expiresAfter(this.#clock.now(), expiresAfterDays),
        },
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(condition),
        ExpressionAttributeValues: { ':version': number(version) },
        ReturnValuesOnConditionCheckFailure: 'NONE',
      });
    });
  }

  /** Deletes rows, best effort: one that stays is not read as a member, and expires. */
  async delete(rows: readonly UnusedRow[]): Promise<void> {
    await forEach(rows, rowsAtOnce, async (row) => {
      try {
        await this.#deletions.deleteItem({
          TableName: this.#name,
          Key: rowKeyOf(row),
          ...(row.upTo === undefined ? {} : upTo(row.upTo)),
        });
      } catch (error) {
        this.#log.warn('membership_not_deleted', { socket: row.socket, why: String(error) });
      }
    });
  }
}

function rowKeyOf(membership: Membership) {
  return { group: text(membership.group), member: text(memberOf(membership)) };
}

function upTo(version: number) {
  const ConditionExpression = '#version <= :version';
  return {
    ConditionExpression,
    ExpressionAttributeNames: namesIn(ConditionExpression),
    ExpressionAttributeValues: { ':version': number(version) },
    ReturnValuesOnConditionCheckFailure: 'NONE',
  } as const;
}
