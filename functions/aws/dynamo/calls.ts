import type { Clock } from '../../gateway/ports.ts';
import { AwsError } from '../client/aws-error.ts';
import { AwsService, type Caller } from '../client/aws-service.ts';
import { JsonProtocol } from '../client/json-protocol.ts';
import { type Item, itemFrom } from './attribute.ts';

/** Which item of which table. */
export interface Place {
  readonly TableName: string;
  readonly Key: Item;
}

/** What has to be true of the item that is there; a refusal may be asked to carry it. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD' | 'NONE';
}

/** What PutItem takes. */
export interface Put extends Condition {
  readonly TableName: string;
  readonly Item: Item;
}

/** What UpdateItem takes. */
export interface Update extends Place, Condition {
  readonly UpdateExpression: string;
  readonly ExpressionAttributeValues: Item;
  readonly ReturnValues: 'ALL_NEW' | 'NONE';
}

/** What came of a write: the item as it is now, if it was wanted, or a refusal. */
export type Written = { readonly done: true; readonly item: Item | undefined } | Refused;

/** The condition of a write was not met. */
export interface Refused {
  readonly done: false;
  /** The item that was found, if DynamoDB said so. */
  readonly found: Item | undefined;
  /** It was asked before and may have been done then, so the refusal may come of our own write, whose answer was lost. */
  readonly repeated: boolean;
}

/** 6 attempts, with pauses of up to 3 s together: DynamoDB's throttling is waited out. */
const dialect = { target: 'DynamoDB_20120810', version: '1.0', attempts: 6 } as const;

/**
 * DynamoDB's calls on one item, signed here, in its own shapes (Amazon DynamoDB API Reference): they are what every
 * message costs. What DynamoDB can't do for now is thrown, after it was tried again. A body is not checked against its
 * `x-amz-crc32`: TLS has done so.
 */
export class DynamoCalls {
  readonly #dynamo: JsonProtocol;

  constructor(endpoint: string, caller: Caller, clock: Clock) {
    this.#dynamo = new JsonProtocol(new AwsService('dynamodb', endpoint, caller, clock), dialect, clock);
  }

  /** Undefined if there is no such item. */
  async getItem(input: Place & { readonly ConsistentRead: boolean }): Promise<Item | undefined> {
    return itemIn(await this.#dynamo.run('GetItem', input), 'Item');
  }

  /** Puts an item, in place of what was there, if its condition is met. */
  putItem(input: Put): Promise<Written> {
    return this.#write('PutItem', input);
  }

  /** Changes an item, or makes one, if its condition is met. */
  updateItem(input: Update): Promise<Written> {
    return this.#write('UpdateItem', input);
  }

  /** Deletes an item if it is there. */
  async deleteItem(input: Place): Promise<void> {
    await this.#dynamo.run('DeleteItem', input);
  }

  async #write(operation: 'PutItem' | 'UpdateItem', input: Put | Update): Promise<Written> {
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
  if (typeof output !== 'object' || output === null || Array.isArray(output)) {
    throw new Error('An answer of DynamoDB can not be read.');
  }
  const item: unknown = Reflect.get(output, name);
  return item === undefined ? undefined : itemFrom(item);
}
