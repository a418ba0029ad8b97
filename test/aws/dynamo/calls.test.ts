import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Item, number, text, textSet, texts } from '../../../functions/aws/dynamo/attribute.ts';
import { DynamoCalls, dynamoAccess, itemDialect } from '../../../functions/aws/dynamo/calls.ts';
import { bring } from '../../contract/ports/registry-world.ts';
import { caller, Dynamo, QuickClock, registryAt } from '../dynamo-table.ts';
import { RecordingService } from '../recording-service.ts';

const dynamo = await Dynamo.start();
afterAll(() => dynamo.stop());
const TableName = await dynamo.table(dynamo.client());
const calls = callsAt(dynamo.endpoint);

function callsAt(endpoint: string): DynamoCalls {
  return new DynamoCalls(dynamoAccess(endpoint, caller, new QuickClock())(itemDialect));
}

const services: RecordingService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

const Key = { socket: text('a-socket') };
const always = {
  ConditionExpression: 'attribute_exists(#socket) OR attribute_not_exists(#socket)',
  ExpressionAttributeNames: { '#socket': 'socket' },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;

/** The item as it is read after it was put. */
async function kept(item: Item): Promise<Item | undefined> {
  const put = await calls.putItem({ TableName, Item: { ...Key, ...item }, ...always });
  expect(put).toEqual({ done: true, item: undefined });
  return calls.getItem({ TableName, Key, ConsistentRead: true });
}

/** What is made of an answer to a read. */
async function read(body: string): Promise<Item | undefined> {
  const service = new RecordingService({ body });
  services.push(service);
  const told = callsAt(await service.listen());
  return told.getItem({ TableName, Key, ConsistentRead: true });
}

describe('what is put comes back as it was', () => {
  const largest = 400 * 1_024 - 'socketa-socket'.length - 'state'.length;
  const items: Readonly<Record<string, Item>> = {
    'a text beyond ASCII': { state: text('dr\u{1f600}i \u{fc}n\u{ef} \u4e2d\u6587 \ufeff') },
    'all that JSON escapes': { state: text('"\\\b\f\n\r\t\u0000\u0001\u001f\u007f\u2028\u2029') },
    'empty texts in a list': { outbox: texts(['', 'one', '', '']) },
    'an empty list': { outbox: texts([]) },
    'numbers as they are written': { openedAt: number(1_764_000_000_123), code: number(0) },
    'the largest item, of 400 KB': { state: text('x'.repeat(largest)) },
    'the largest item, each of its bytes escaped': { state: text('\u0001'.repeat(largest)) },
    'the largest item, of four bytes a character': {
      state: text('\u{1f600}'.repeat(Math.floor(largest / 4))),
    },
  };

  test.for(Object.entries(items))('%s', async ([, item]) => {
    expect(await kept(item)).toEqual({ ...Key, ...item });
  });

  test('the item after a change, if it is wanted', async () => {
    await kept({ state: text('before') });
    const change = {
      ...{ TableName, Key, ...always, UpdateExpression: 'SET #state = :state' },
      ExpressionAttributeNames: { '#socket': 'socket', '#state': 'state' },
      ExpressionAttributeValues: { ':state': text('\u{1f600}') },
    };
    const wanted = await calls.updateItem({ ...change, ReturnValues: 'ALL_NEW' });
    expect(wanted).toEqual({ done: true, item: { ...Key, state: text('\u{1f600}') } });
    const unwanted = await calls.updateItem({ ...change, ReturnValues: 'NONE' });
    expect(unwanted).toEqual({ done: true, item: undefined });
  });

  test('a full outbox of messages that JSON escapes', async () => {
    const registry = registryAt({ name: TableName, endpoint: dynamo.endpoint });
    const socket = await bring(registry, 'opening');
    const body = '\u0001'.repeat(262_144);
    expect(await registry.append(socket, body)).toBe('queued');
    expect(await registry.waiting(socket)).toEqual([body]);
  });
});

describe('an item that is not there', () => {
  test('is read as none, and deleted for nothing', async () => {
    await calls.deleteItem({ TableName, Key });
    await calls.deleteItem({ TableName, Key });
    expect(await calls.getItem({ TableName, Key, ConsistentRead: true })).toBeUndefined();
  });

  test('refuses a change without an item', async () => {
    const refused = await calls.updateItem({
      ...{ TableName, Key, ...always, UpdateExpression: 'SET #state = :state', ReturnValues: 'ALL_NEW' },
      ConditionExpression: 'attribute_exists(#socket)',
      ExpressionAttributeNames: { '#socket': 'socket', '#state': 'state' },
      ExpressionAttributeValues: { ':state': text('s') },
    });
    expect(refused).toEqual({ done: false, found: undefined, repeated: false });
  });
});

describe('an answer', () => {
  test('may hold attributes of kinds that are none of ours, which are left out', async () => {
    const Item = {
      ...{ ...Key, on: { BOOL: true }, nothing: { NULL: true }, set: { NS: ['1'] }, map: { M: {} } },
      ...{ bytes: { B: 'AA==' }, state: { S: '' } },
    };
    expect(await read(JSON.stringify({ Item, ConsumedCapacity: {} }))).toEqual({ ...Key, state: text('') });
  });

  test.for(['null', '[]', '"Item"', '7', '{"Item":7}', '{"Item":[]}', '{"Item":{"socket":"a"}}'])(
    'that is none is a fault: %s',
    async (body) => {
      await expect(read(body)).rejects.toThrow('of DynamoDB cannot be read.');
    },
  );

  test('holds a set of texts as it was written', async () => {
    const Item = { ...Key, appendIds: { SS: ['a', 'b'] } };
    expect(await read(JSON.stringify({ Item }))).toEqual({ ...Key, appendIds: textSet(['a', 'b']) });
    await expect(read('{"Item":{"appendIds":{"SS":["a",1]}}}')).rejects.toThrow('no text');
  });

  test.for(['{"L":[{"S":"a"},{"N":"1"}]}', '{"L":[{"L":[]}]}', '{"L":["a"]}', '{"L":[null]}'])(
    'with a list of other things than texts is a fault: %s',
    async (outbox) => {
      await expect(read(`{"Item":{"outbox":${outbox}}}`)).rejects.toThrow('no text');
    },
  );
});
