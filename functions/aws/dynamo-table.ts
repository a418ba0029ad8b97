import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { SocketId } from '../wire/socket-id.ts';
import { type Item, text } from './dynamo-item.ts';

/** A change of one item. Attributes are written `#name`, since half of ours are reserved words of DynamoDB. */
export interface Change {
  readonly update: string;
  /** DynamoDB creates an item that it can't find, so every condition has to be false for an item that is not there. */
  readonly condition: string;
  readonly values: Readonly<Record<string, AttributeValue>>;
  /** Whether the item as it is then is wanted, which may carry a whole outbox. */
  readonly returnsItem?: boolean;
}

/** What came of a write: the item as it is now, if it was wanted, or a refusal. */
export type Written = { readonly done: true; readonly item: Item | undefined } | Refused;

/** The condition of a write was not met. */
export interface Refused {
  readonly done: false;
  /** The item that was found, if DynamoDB said so. */
  readonly found: Item | undefined;
  /** The SDK asked more than once, so the refusal may come of our own write, whose answer was lost. */
  readonly repeated: boolean;
}

/** The table of sockets, item by item. What DynamoDB can't do for now is thrown, after the SDK has tried again. */
export class DynamoTable {
  readonly client: DynamoDBClient;
  readonly name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.client = client;
    this.name = name;
  }

  /** Reads an item as all writes before left it. ConsistentRead: 1 read unit per 4 KB, twice an eventual one. */
  async get(socket: SocketId): Promise<Item | undefined> {
    const read = new GetItemCommand({ TableName: this.name, Key: keyOf(socket), ConsistentRead: true });
    return (await this.client.send(read)).Item;
  }

  /** Creates an item; refused if the socket has one. */
  async create(item: Item): Promise<Written> {
    const conditions = { ConditionExpression: 'attribute_not_exists(#socket)', ...namesIn('#socket') };
    const put = { TableName: this.name, Item: item, ...conditions, ...tellsWhy };
    return written(this.client.send(new PutItemCommand(put)).then(() => undefined));
  }

  /** Changes an item in one request if its condition is met. */
  async update(
    socket: SocketId,
    { update, condition, values, returnsItem = false }: Change,
  ): Promise<Written> {
    const command = new UpdateItemCommand({
      ...{ TableName: this.name, Key: keyOf(socket), ReturnValues: returnsItem ? 'ALL_NEW' : 'NONE' },
      ...{ UpdateExpression: update, ConditionExpression: condition, ExpressionAttributeValues: values },
      ...{ ...namesIn(`${update} ${condition}`), ...tellsWhy },
    });
    return written(this.client.send(command).then(({ Attributes }) => Attributes));
  }

  /** The item that stood in the way of a write; read again where the refusal did not carry it. */
  async standing(socket: SocketId, { found }: Refused): Promise<Item | undefined> {
    return found ?? this.get(socket);
  }

  /** Deletes an item if it is there. */
  async delete(socket: SocketId): Promise<void> {
    await this.client.send(new DeleteItemCommand({ TableName: this.name, Key: keyOf(socket) }));
  }
}

/** ExpressionAttributeNames of all the `#name`s in an expression. DynamoDB refuses one that is missing or not used. */
export function namesIn(expression: string): { ExpressionAttributeNames: Record<string, string> } {
  const names = [...expression.matchAll(/#(\w+)/g)].map(([mark, name = '']) => [mark, name]);
  return { ExpressionAttributeNames: Object.fromEntries(names) };
}

/** The key of a socket's item. */
export function keyOf(socket: SocketId): Item {
  return { socket: text(socket) };
}

/** Lets a refusal carry the item, for nothing; emulators leave it out, and so does DynamoDB when there is no item. */
const tellsWhy = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

async function written(write: Promise<Item | undefined>): Promise<Written> {
  try {
    return { done: true, item: await write };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return { done: false, found: error.Item, repeated: (error.$metadata.attempts ?? 1) > 1 };
  }
}
