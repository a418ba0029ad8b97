import {
  type AttributeValue,
  type DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

/** The times that an item holds, and how many of their units a millisecond is. */
const times: Readonly<Record<string, number>> = {
  openedAt: 1,
  acceptedAt: 1,
  endedAt: 1,
  leaseUntil: 1,
  startedAt: 1,
  claimUntil: 1,
  heldUntil: 1,
  failingSince: 1,
  diedAt: 1,
  departedAt: 1,
  recheck: 1,
  expires: 1 / 1_000,
};

/** Makes everything in a table so many milliseconds older than it is; nobody else may be writing there. */
export async function grow(
  client: DynamoDBClient,
  table: string,
  olderMs: number,
  keys: readonly string[] = ['socket'],
): Promise<void> {
  const older = (await itemsOf(client, table)).map((item) => {
    const found = Object.keys(times).filter((name) => item[name] !== undefined);
    const values = found.map((name): [string, AttributeValue] => [
      `:${name}`,
      { N: String(-Math.ceil(olderMs * (times[name] ?? 1))) },
    ]);
    return client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: Object.fromEntries(keys.map((name) => [name, item[name] ?? { S: '' }])),
        UpdateExpression: `ADD ${found.map((name) => `#${name} :${name}`).join(', ')}`,
        ConditionExpression: `attribute_exists(#${keys[0]})`,
        ExpressionAttributeNames: Object.fromEntries(
          [keys[0] ?? '', ...found].map((name) => [`#${name}`, name]),
        ),
        ExpressionAttributeValues: Object.fromEntries(values),
      }),
    );
  });
  await Promise.all(older);
}

/** Makes a queued task so many milliseconds older, if it says when it is due, or for which moment it has waited. */
export function olderTask(body: string, ms: number): string {
  if (body.startsWith('{"kind":"presence"')) {
    const { waited, ...task } = JSON.parse(body);
    return JSON.stringify(waited === undefined ? task : { ...task, waited: waited - Math.ceil(ms) });
  }
  if (!body.startsWith('{"kind":"retry"')) return body;
  const { dueAt, tries, ...task } = JSON.parse(body);
  return JSON.stringify({ ...task, tries: { ...tries, since: tries.since - ms }, dueAt: dueAt - ms });
}

/** Makes a message that Lambda has queued this many milliseconds older. */
export function olderMessage(payload: string, ms: number): string {
  const { requestContext, ...event } = JSON.parse(payload);
  const requestTimeEpoch = String(Number(requestContext.requestTimeEpoch) - ms);
  return JSON.stringify({ ...event, requestContext: { ...requestContext, requestTimeEpoch } });
}

/** Lets everything in a table be past its time to live. */
export async function expire(client: DynamoDBClient, table: string): Promise<void> {
  for (const { socket = { S: '' } } of await itemsOf(client, table)) {
    await client.send(
      new UpdateItemCommand({
        ...{ TableName: table, Key: { socket }, UpdateExpression: 'SET #expires = :past' },
        ExpressionAttributeNames: { '#expires': 'expires' },
        ExpressionAttributeValues: { ':past': { N: '1' } },
      }),
    );
  }
}

/** Takes out of every record what a version without groups does not write. */
export async function withoutGroups(client: DynamoDBClient, table: string): Promise<void> {
  for (const { socket = { S: '' } } of await itemsOf(client, table)) {
    await client.send(
      new UpdateItemCommand({
        ...{ TableName: table, Key: { socket }, UpdateExpression: 'REMOVE #groups, #groupsVersion' },
        ExpressionAttributeNames: { '#groups': 'groups', '#groupsVersion': 'groupsVersion' },
      }),
    );
  }
}

/** All that a table holds. */
export async function itemsOf(
  client: DynamoDBClient,
  table: string,
): Promise<Record<string, AttributeValue>[]> {
  return (await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [];
}
