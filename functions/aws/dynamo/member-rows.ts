import type { GroupName } from '../../wire/group.ts';
import { type Item, text } from './attribute.ts';
import { numberIn, textIn } from './item.ts';
import { type Membership, parseMember } from './member.ts';
import { pageBy, type ReadPage, type ReadTable } from './read.ts';
import { namesIn } from './table.ts';

/** A row of the table of groups. */
export interface MemberRow extends Membership {
  /** Its sort key. */
  readonly member: string;
  /** The version at which the record of the socket got the group, or will. */
  readonly version: number;
}

/** Where to continue, the most rows to read, and the user whose rows alone to read. */
interface MemberStretch {
  readonly after: string | undefined;
  readonly limit?: number | undefined;
  /** What the sort keys begin with. */
  readonly prefix?: string | undefined;
}

/**
 * The rows of a group, in order. The read is consistent: it finds every row that was put before it began. DynamoDB: a
 * page ends at 1 MB or at `limit`.
 */
export async function queryMembers(
  table: ReadTable,
  group: GroupName,
  { after, limit, prefix }: MemberStretch,
): Promise<ReadPage<MemberRow, string>> {
  const condition = `#group = :group${prefix === undefined ? '' : ' AND begins_with(#member, :prefix)'}`;
  const found = await table.dynamo.run('Query', {
    TableName: table.name,
    ConsistentRead: true,
    ProjectionExpression: '#member, #version',
    KeyConditionExpression: condition,
    ExpressionAttributeNames: namesIn('#group #member #version'),
    ExpressionAttributeValues: {
      ':group': text(group),
      ...(prefix === undefined ? {} : { ':prefix': text(prefix) }),
    },
    ...(after === undefined ? {} : { ExclusiveStartKey: { group: text(group), member: text(after) } }),
    ...(limit === undefined ? {} : { Limit: limit }),
  });
  return pageBy(
    table,
    found,
    (item) => rowOf(group, item),
    (key) => textIn(key, 'member'),
  );
}

function rowOf(group: GroupName, item: Item): MemberRow {
  const member = textIn(item, 'member');
  const membership = parseMember(member);
  const version = numberIn(item, 'version');
  if (membership === undefined || !(version > 0))
    throw new Error('The table of groups has an item that is no row of a socket.');
  return { group, ...membership, member, version };
}
