import { createServer } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { dynamoRegistry } from '../../functions/aws/dynamo-registry.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { acceptance, bring, end } from '../contract/ports/registry-world.ts';
import { aRecord, newSocket } from '../fakes/a-record.ts';
import { Dynamo, QuickClock } from './dynamo-table.ts';

const dynamo = await Dynamo.start();
afterAll(() => dynamo.stop());

const plain = dynamo.client();

describe('an answer that was lost', () => {
  test('is not taken for the work of somebody else when the SDK asks again', async () => {
    const registry = dynamoRegistry(dynamo.forgetful(), await dynamo.table(plain), new QuickClock(() => 5));
    const record = aRecord();
    const { socket } = record;
    await registry.put(record);
    expect(await registry.append(socket, 'once')).toBe('queued');
    expect(await registry.append(socket, 'twice')).toBe('queued');
    expect(await registry.append(socket, 'thrice')).toBe('queued');
    expect(await registry.waiting(socket)).toEqual(['once', 'twice', 'thrice']);
    expect(await registry.accept(socket, acceptance, 'accepted')).toBe('done');
    expect(await registry.lease(socket, 'accepted', 1_000)).toMatchObject({ socket });
    expect(await registry.flushed(socket, 2)).toBe('more');
    expect(await registry.waiting(socket)).toEqual(['thrice']);
    expect(await registry.flushed(socket, 1)).toBe('open');
    expect(await registry.keep(socket, 'state')).toBe(true);
    expect(await registry.close(socket, end)).toBe(true);
    expect(await registry.close(socket, { ...end, code: 1006 })).toBe(false);
    expect(await registry.lease(socket, 'closing', 1_000)).toMatchObject({ socket, end });
    await registry.remove(socket);
    expect(await registry.get(socket)).toBeUndefined();

    const other = await bring(registry, 'opening');
    expect(await registry.accept(other, acceptance, 'open')).toBe('done');
    expect(await registry.accept(other, { ...acceptance, user: 'bob' }, 'open')).toBe('gone');
  });
});

describe('a fault of DynamoDB', () => {
  test('is thrown: a table that is not there', async () => {
    const registry = dynamoRegistry(plain, 'no-such-table', new QuickClock());
    await expect(registry.get(newSocket())).rejects.toThrow('not found');
    await expect(registry.close(newSocket(), end)).rejects.toThrow('not found');
  });

  test('is thrown after as many attempts as the client makes', async () => {
    let asked = 0;
    const broken = createServer((_, response) => {
      asked += 1;
      response.writeHead(500).end('{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}');
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const client = dynamo.client({ endpoint: `http://127.0.0.1:${portOf(broken)}`, maxAttempts: 2 });
    const registry = dynamoRegistry(client, 'sockets', new QuickClock());
    await expect(registry.close(newSocket(), end)).rejects.toThrow();
    expect(asked).toBe(2);
    await new Promise((resolve) => broken.close(resolve));
  });
});
