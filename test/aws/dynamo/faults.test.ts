import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { acceptance, bring, end } from '../../contract/ports/registry-world.ts';
import { aRecord, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { DynamoFront } from '../dynamo-front.ts';
import { Dynamo, QuickClock, registryAt } from '../dynamo-table.ts';
import { type Answer, RecordingService } from '../recording-service.ts';

const dynamo = await Dynamo.start();
const forgetful = await DynamoFront.open(dynamo.endpoint, { first: 'hang up', carriesOut: true });
afterAll(async () => {
  await forgetful.close();
  await dynamo.stop();
});

const services: RecordingService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** A registry whose DynamoDB answers so. */
async function answered(...answers: readonly Answer[]) {
  const service = new RecordingService(...answers);
  services.push(service);
  const clock = new ManualClock();
  const registry = registryAt({ name: 'sockets', endpoint: await service.listen() }, clock);
  return { registry, clock, requests: service.requests };
}

const error = (type: string, more: object = {}, status = 400): Answer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'No.', ...more }),
});

describe('an answer that was lost', () => {
  test('is not taken for the work of somebody else when the same is asked again', async () => {
    const table = await dynamo.table(dynamo.client());
    const registry = registryAt({ name: table, endpoint: forgetful.endpoint }, new QuickClock(() => 5));
    const record = aRecord();
    const { socket } = record;
    await registry.put(record);
    // The emulator does not say what it found.
    expect(forgetful.sent()).toEqual({ PutItem: 2, GetItem: 1 });
    expect(await registry.append(socket, 'once')).toBe('queued');
    expect(await registry.append(socket, 'twice')).toBe('queued');
    expect(await registry.append(socket, 'thrice')).toBe('queued');
    expect(await registry.waiting(socket)).toEqual(['once', 'twice', 'thrice']);
    expect(await registry.accept(socket, acceptance, 'accepted')).toBe('done');
    expect(await registry.lease(socket, 'accepted', 1_000)).toMatchObject({ socket });
    expect(await registry.flushed(socket, 2)).toBe('more');
    expect(await registry.waiting(socket)).toEqual(['thrice']);
    expect(await registry.flushed(socket, 1)).toBe('open');
    expect(await registry.setState(socket, 'state')).toBe('done');
    expect(await registry.markEnded(socket, end)).toMatchObject({ socket, end });
    expect(await registry.markEnded(socket, { ...end, code: 1006 })).toBeUndefined();
    expect(await registry.lease(socket, 'closing', 1_000)).toMatchObject({ socket, end });
    forgetful.sent();
    await registry.remove(socket);
    expect(forgetful.sent()).toEqual({ DeleteItem: 2 });
    expect(await registry.get(socket)).toBeUndefined();

    const other = await bring(registry, 'opening');
    expect(await registry.accept(other, acceptance, 'open')).toBe('done');
    expect(await registry.accept(other, { ...acceptance, user: 'bob' }, 'open')).toBe('gone');
  });
});

describe('a refusal that carries the item as we would have left it', () => {
  const socket = newSocket();
  const item = {
    ...{ socket: { S: socket }, status: { S: 'closing' }, path: { S: '/' }, openedAt: { N: '1' } },
    ...{ code: { N: String(end.code) }, reason: { S: end.reason }, endedAt: { N: String(end.time) } },
  };
  const refusal = error('ConditionalCheckFailedException', { Item: item });

  test('is the work of somebody else when it was asked once', async () => {
    const { registry, requests } = await answered(refusal);
    expect(await registry.markEnded(socket, end)).toBeUndefined();
    expect(requests).toHaveLength(1);
  });

  test('is the work of somebody else without our mark, however often it was asked', async () => {
    const { registry, clock } = await answered(error('InternalServerError', {}, 500), refusal);
    expect(await clock.until(registry.markEnded(socket, end))).toBeUndefined();
  });
});

describe('a fault of DynamoDB that may pass', () => {
  const socket = newSocket();
  const gone: Answer = { body: '{}' };
  const faults: Readonly<Record<string, Answer>> = {
    'too much for the table': error('ProvisionedThroughputExceededException'),
    throttling: error('ThrottlingException'),
    'too much for the account': error('RequestLimitExceeded'),
    'somebody else writing': error('TransactionConflictException'),
    'a fault of the service': error('InternalServerError', {}, 500),
    'a fault of what is before it': { status: 503, body: '<html>' },
    'a connection that breaks': 'hang up',
    'an answer that ends early': { body: '{"Item":{"soc' },
  };

  test.for(Object.entries(faults))('is waited out with jitter, in short pauses: %s', async ([, error]) => {
    const { registry, clock, requests } = await answered(error, error, error, error, error, gone);
    clock.chance = 0.5;
    expect(await clock.until(registry.get(socket))).toBeUndefined();
    expect(requests).toHaveLength(6);
    expect(clock.slept).toEqual([50, 100, 200, 250, 250]);
  });

  test('is told after sixteen attempts', async () => {
    const { registry, clock, requests } = await answered(error('ThrottlingException'));
    const told = expect(clock.until(registry.markEnded(socket, end))).rejects;
    await told.toThrow('UpdateItem: 400 ThrottlingException No.');
    expect(requests).toHaveLength(16);
  });
});

describe('a DynamoDB that says nothing', () => {
  const socket = newSocket();
  const calls: Readonly<Record<string, (registry: Registry) => Promise<unknown>>> = {
    'a read': async (registry) => registry.get(socket),
    'a write': (registry) => registry.markEnded(socket, end),
  };

  test.for(Object.entries(calls))('is given up after 4 seconds: %s', async ([, call]) => {
    const service = new RecordingService('silence');
    services.push(service);
    // Long pauses, the last of which would end too late.
    const clock = { ...systemClock, random: () => 0.9 };
    const registry = registryAt({ name: 'sockets', endpoint: await service.listen() }, clock);
    const begun = performance.now();
    await expect(call(registry)).rejects.toThrow('No answer in time.');
    // One attempt more would take 1.5 s; the rest is for a machine that is busy.
    expect(performance.now() - begun).toBeLessThan(5_500);
    expect(service.requests.length).toBeGreaterThan(1);
  });
});

describe('a fault of DynamoDB that will not pass', () => {
  test('is told at once: a table that is not there', async () => {
    const clock = new QuickClock();
    const registry = registryAt({ name: 'no-such-table', endpoint: dynamo.endpoint }, clock);
    await expect(registry.get(newSocket())).rejects.toThrow('GetItem: 400 ResourceNotFoundException');
    await expect(registry.markEnded(newSocket(), end)).rejects.toThrow('not found');
    expect(clock.slept).toEqual([]);
  });

  test.for(['ValidationException', 'AccessDeniedException'])(
    'is told at once, in its own words, and not with what an item holds: %s',
    async (type) => {
      const { registry, requests } = await answered(error(type, { Item: { state: { S: 'private' } } }));
      const fault: unknown = await registry.setState(newSocket(), 's').catch((told) => told);
      expect(String(fault)).toBe(`AwsError: UpdateItem: 400 ${type} No.`);
      expect(inspect(fault, { depth: 9 })).not.toContain('private');
      expect(requests).toHaveLength(1);
    },
  );
});
