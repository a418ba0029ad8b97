import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, text } from './attribute.ts';
import type { DynamoCalls, Refused, Written } from './calls.ts';

/** A table, and where DynamoDB is. */
export interface TableAddress {
  readonly name: string;
  readonly endpoint: string;
}

/** A change of one item. Attributes are written `#name`, since half of ours are reserved words of DynamoDB. */
export interface Change {
  readonly update: string;
  /** DynamoDB creates an item that it can't find, so every condition has to be false for an item that is not there. */
  readonly condition: string;
  readonly values: Item;
  /** Whether the item as it is then is wanted, which may carry a whole outbox. */
  readonly returnsItem?: boolean;
}

/** The table of sockets, item by item. What DynamoDB can't do for now is thrown, after it was tried again. */
export class DynamoTable {
  readonly #calls: DynamoCalls;
  readonly #name: string;

  constructor(calls: DynamoCalls, name: string) {
    this.#calls = calls;
    this.#name = name;
  }

  /** Reads an item as all writes before left it. ConsistentRead: 1 read unit per 4 KB, twice an eventual one. */
  get(socket: SocketId): Promise<Item | undefined> {
    return this.#calls.getItem({ TableName: this.#name, Key: keyOf(socket), ConsistentRead: true });
  }

  /** Creates an item; refused if the socket has one. */
  create(item: Item): Promise<Written> {
    const conditions = { ConditionExpression: 'attribute_not_exists(#socket)', ...namesIn('#socket') };
    return this.#calls.putItem({ TableName: this.#name, Item: item, ...conditions, ...tellsWhy });
  }

  /** Changes an item in one request if its condition is met. */
  update(socket: SocketId, { update, condition, values, returnsItem = false }: Change): Promise<Written> {
    return this.#calls.updateItem({
      ...{ TableName: this.#name, Key: keyOf(socket), ReturnValues: returnsItem ? 'ALL_NEW' : 'NONE' },
      ...{ UpdateExpression: update, ConditionExpression: condition, ...namesIn(`${update} ${condition}`) },
      ...{ ExpressionAttributeValues: values, ...tellsWhy },
    });
  }

  /** The item that stood in the way of a write; read again where the refusal did not carry it. */
  async standing(socket: SocketId, { found }: Refused): Promise<Item | undefined> {
    return found ?? this.get(socket);
  }

  /** Deletes an item if it is there. */
  async delete(socket: SocketId): Promise<void> {
    await this.#calls.deleteItem({ TableName: this.#name, Key: keyOf(socket) });
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
