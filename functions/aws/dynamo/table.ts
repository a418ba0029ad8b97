import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, text } from './attribute.ts';
import type { DynamoCalls, Refused, Written } from './calls.ts';

/** The names of the four tables. */
export interface TableNames {
  /** The table of sockets. */
  readonly name: string;
  /** The table of groups. */
  readonly groups: string;
  /** The table of broadcasts. */
  readonly broadcasts: string;
  /** The table of dead letters. */
  readonly deadLetters: string;
}

/** The names of the four tables, and the URL of their DynamoDB. */
export interface TableAddress extends TableNames {
  readonly endpoint: string;
}

/** A conditional change of one item. Attributes are written `#name`, since DynamoDB reserves half of our names. */
export interface Change {
  readonly update: string;
  /** DynamoDB creates an item that does not exist, so every condition must be false when there is no item. */
  readonly condition: string;
  readonly values: Item;
  /** Whether to return the changed item. It may carry a whole outbox. */
  readonly returnsItem?: boolean;
}

/** The table of sockets, item by item. Throws when DynamoDB still fails after several attempts. */
export class DynamoTable {
  readonly #calls: DynamoCalls;
  readonly #name: string;

  constructor(calls: DynamoCalls, name: string) {
    this.#calls = calls;
    this.#name = name;
  }

  /** Reads an item with all writes before it. A consistent read costs 1 unit per 4 KB, twice an eventual one. */
  get(socket: SocketId): Promise<Item | undefined> {
    return this.#calls.getItem({ TableName: this.#name, Key: keyOf(socket), ConsistentRead: true });
  }

  /** Creates an item. Refused if the socket has one. */
  create(item: Item): Promise<Written> {
    return this.#calls.putItem({
      TableName: this.#name,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#socket)',
      ExpressionAttributeNames: namesIn('#socket'),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** Changes an item in one request if its condition is met. */
  update(socket: SocketId, { update, condition, values, returnsItem = false }: Change): Promise<Written> {
    return this.#calls.updateItem({
      TableName: this.#name,
      Key: keyOf(socket),
      ReturnValues: returnsItem ? 'ALL_NEW' : 'NONE',
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(`${update} ${condition}`),
      ExpressionAttributeValues: values,
      // Free. DynamoDB leaves the item out if there is none, and emulators always do.
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** The item that made a write fail. It is read again if the refusal did not carry it. */
  async currentItem(socket: SocketId, { found }: Refused): Promise<Item | undefined> {
    return found ?? this.get(socket);
  }

  /** Deletes an item if it is there, and returns it as it was, at no extra cost. */
  async delete(socket: SocketId): Promise<Item | undefined> {
    const place = { TableName: this.#name, Key: keyOf(socket) };
    const deleted = await this.#calls.deleteItem({ ...place, ReturnValues: 'ALL_OLD' });
    return deleted.done ? deleted.item : undefined;
  }
}

/** ExpressionAttributeNames for each `#name` in an expression. DynamoDB refuses a name that is missing or unused. */
export function namesIn(expression: string): Record<string, string> {
  return Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([mark, name = '']) => [mark, name]));
}

/** The key of a socket's item. */
export function keyOf(socket: SocketId): Item {
  return { socket: text(socket) };
}
