import type { Log } from '../../gateway/ports.ts';
import { AwsError } from '../client/aws-error.ts';
import { number, text } from './attribute.ts';
import type { Dynamo, DynamoAccess } from './calls.ts';
import type { MemberRow } from './member-rows.ts';
import { namesIn } from './table.ts';

/** How many rows are being deleted at most. Those beyond are left to the next reader. */
const deletesAtOnce = 8;
/** One short attempt each, so that no reader waits for a table that is throttled. */
const deleteDialect = {
  target: 'DynamoDB_20120810',
  version: '1.0',
  attempts: 1,
  maxMs: 1_000,
  maxMsOfAttempt: 1_000,
} as const;

/** Deletes rows that no record needs, best effort, while their reader goes on. */
export class UnusedRows {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #log: Pick<Log, 'warnOnce'>;
  readonly #running = new Set<Promise<void>>();

  constructor(access: DynamoAccess, table: string, log: Pick<Log, 'warnOnce'>) {
    this.#dynamo = access(deleteDialect);
    this.#table = table;
    this.#log = log;
  }

  /** Begins to delete a row, unless a later version of it is there by then. */
  delete({ group, member, socket }: MemberRow, upTo: number): void {
    if (this.#running.size >= deletesAtOnce) return;
    const condition = '#version <= :version';
    const deleted = this.#dynamo
      .run('DeleteItem', {
        TableName: this.#table,
        Key: { group: text(group), member: text(member) },
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(condition),
        ExpressionAttributeValues: { ':version': number(upTo) },
      })
      .then(
        () => {},
        (error: unknown) => this.#failed(socket, error),
      )
      .finally(() => this.#running.delete(deleted));
    this.#running.add(deleted);
  }

  /** Resolves when no row is being deleted, after a second at most. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #failed(socket: string, error: unknown): void {
    // A later version is there, or somebody else has deleted the row.
    if (error instanceof AwsError && error.type === 'ConditionalCheckFailedException') return;
    this.#log.warnOnce('membership_not_deleted', { socket, why: String(error) });
  }
}
