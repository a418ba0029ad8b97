import type { Clock } from '../../gateway/ports.ts';
import { AwsError } from '../client/aws-error.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { type JsonDialect, JsonProtocol } from '../client/json-protocol.ts';
import { type Item, isObject, itemFrom } from './attribute.ts';

/** One item of one table. */
export interface Place {
  readonly TableName: string;
  readonly Key: Item;
}

/** What must be true of the existing item, and whether a refusal carries that item. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD' | 'NONE';
}

/** The input of PutItem. */
export interface Put extends Partial<Condition> {
  readonly TableName: string;
  readonly Item: Item;
  readonly ExpressionAttributeValues?: Item;
}

/** The input of DeleteItem. */
export interface Delete extends Place, Partial<Condition> {
  readonly ReturnValues?: 'ALL_OLD';
  readonly ExpressionAttributeValues?: Item;
}

/** The input of UpdateItem. */
export interface Update extends Place, Condition {
  readonly UpdateExpression: string;
  readonly ExpressionAttributeValues: Item;
  readonly ReturnValues: 'ALL_NEW' | 'NONE';
}

/** The result of a write: the item as it is now, or was before it was deleted, if the call asked for it, or a refusal. */
export type Written = { readonly done: true; readonly item: Item | undefined } | Refused;

/** The condition of a write was not met. */
export interface Refused {
  readonly done: false;
  /** The existing item, if DynamoDB returned it. */
  readonly found: Item | undefined;
  /** An earlier attempt may have been carried out, so our own write, whose answer was lost, may have caused the refusal. */
  readonly repeated: boolean;
}

/**
 * Short pauses until the time of an operation is over, which waits out DynamoDB's throttling. With pauses that double, a
 * caller that waits for a busy partition key would lose to those that came later.
 */
export const itemDialect = {
  target: 'DynamoDB_20120810',
  version: '1.0',
  attempts: 16,
  longestPauseMs: 500,
} as const;

/** Runs DynamoDB's operations. */
export type Dynamo = Pick<JsonProtocol, 'run'>;

/** Gives access to one DynamoDB, within the limits of a dialect. */
export type DynamoAccess = (dialect: JsonDialect) => Dynamo;

/** Access to the DynamoDB at an endpoint. */
export function dynamoAccess(endpoint: string, caller: Caller, clock: Clock): DynamoAccess {
  const service = new AwsService('dynamodb', endpoint, caller, clock);
  return (dialect) => new JsonProtocol(service, dialect, clock);
}

/**
 * DynamoDB's calls on one item, with its own inputs (Amazon DynamoDB API Reference). We sign them ourselves, since every
 * message pays for them. Throws when DynamoDB still fails after several attempts. The body is not checked against
 * `x-amz-crc32`, since TLS protects it.
 */
export class DynamoCalls {
  readonly #dynamo: Dynamo;

  constructor(dynamo: Dynamo) {
    this.#dynamo = dynamo;
  }

  /** Undefined if there is no such item. */
  async getItem(input: Place & { readonly ConsistentRead: boolean }): Promise<Item | undefined> {
    return itemIn(await this.#dynamo.run('GetItem', input), 'Item');
  }

  /** Puts an item, in place of an existing one, if its condition is met. */
  putItem(input: Put): Promise<Written> {
    return this.#write('PutItem', input);
  }

  /** Changes an item, or creates it, if its condition is met. */
  updateItem(input: Update): Promise<Written> {
    return this.#write('UpdateItem', input);
  }

  /** Deletes an item if it is there and its condition is met. The result has the deleted item if the call asked for it. */
  deleteItem(input: Delete): Promise<Written> {
    return this.#write('DeleteItem', input);
  }

  async #write(
    operation: 'PutItem' | 'UpdateItem' | 'DeleteItem',
    input: Put | Update | Delete,
  ): Promise<Written> {
    let output: unknown;
    try {
      output = await this.#dynamo.run(operation, input);
    } catch (error) {
      if (!(error instanceof AwsError) || error.type !== 'ConditionalCheckFailedException') throw error;
      return { done: false, found: itemIn(JSON.parse(error.body), 'Item'), repeated: error.mayBeDone };
    }
    return { done: true, item: itemIn(output, 'Attributes') };
  }
}

function itemIn(output: unknown, name: 'Item' | 'Attributes'): Item | undefined {
  if (!isObject(output)) throw new Error('An answer of DynamoDB cannot be read.');
  const item: unknown = Reflect.get(output, name);
  return item === undefined ? undefined : itemFrom(item);
}
