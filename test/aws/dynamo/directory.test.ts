import { createServer } from 'node:http';
import { BatchWriteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import { openingItem } from '../../../functions/aws/dynamo/item.ts';
import { pathShardOf, pathShardsOf } from '../../../functions/aws/dynamo/shard.ts';
import { hashOf } from '../../../functions/gateway/hash.ts';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import { normalisePath } from '../../../functions/wire/path.ts';
import { parseSocketId, type SocketId } from '../../../functions/wire/socket-id.ts';
import { portOf } from '../../contract/ports/port-of.ts';
import { bring, end } from '../../contract/ports/registry-world.ts';
import { aPath, aRecord, newSocket } from '../../fakes/a-record.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { DynamoFront } from '../dynamo-front.ts';
import { Dynamo, QuickClock, registryAt } from '../dynamo-table.ts';
import { RecordingService } from '../recording-service.ts';

const dynamo = await Dynamo.start();
const front = await DynamoFront.open(dynamo.endpoint);
afterAll(async () => {
  await front.close();
  await dynamo.stop();
});

const plain = dynamo.client();
const room = aPath('/room');
const hall = aPath('/hall');

async function counted() {
  const clock = new QuickClock();
  const table = await dynamo.table(plain);
  const registry = registryAt({ name: table, endpoint: front.endpoint }, clock);
  const sent = () => front.sent();
  sent();
  return { registry, sent, clock, table };
}

/** Writes many records at once. DynamoDB: a BatchWriteItem takes at most 25. */
async function fill(table: string, count: number, given: Partial<SocketRecord>): Promise<SocketId[]> {
  const records = Array.from({ length: count }, () => aRecord(given));
  for (let at = 0; at < count; at += 25) {
    const puts = records.slice(at, at + 25).map((record) => ({ PutRequest: { Item: openingItem(record) } }));
    await plain.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
  }
  return records.map(({ socket }) => socket).sort();
}

async function paged(registry: Registry, filter: SocketFilter): Promise<SocketId[]> {
  const found: SocketId[] = [];
  for await (const { records } of registry.pages(filter)) found.push(...records.map(({ socket }) => socket));
  return found.sort();
}

describe('finding sockets', () => {
  test('10,001 sockets are found past pages of 1 MB, all of them, by path and by user', async () => {
    const { registry, sent, table } = await counted();
    const user = 'u'.repeat(256);
    const all = await fill(table, 10_001, { path: room, user, state: 's'.repeat(200) });
    expect(await paged(registry, {})).toEqual(all);
    expect(sent()['Scan']).toBeGreaterThan(4);
    expect(await paged(registry, { path: room })).toEqual(all);
    expect(sent()).toMatchObject({ BatchGetItem: 101 });
    expect(await paged(registry, { user })).toEqual(all);
    const { Query = 0, BatchGetItem } = sent();
    expect(Query).toBeGreaterThan(2);
    expect(BatchGetItem).toBe(101);
    const first = await registry.list({}, 1_000);
    expect(first?.sockets).toHaveLength(1_000);
    expect(sent()).toEqual({ Scan: 1 });
    const next = await registry.list({ user }, 1_000);
    expect(next?.sockets.map(({ socket }) => socket)).toEqual(all.slice(0, 1_000));
    expect(sent()).toEqual({ Query: 10, BatchGetItem: 10 });
  }, 60_000);

  test('few sockets take few requests', async () => {
    const { registry, sent, table } = await counted();
    const all = await fill(table, 30, { path: room, user: 'alice' });
    expect(await paged(registry, {})).toEqual(all);
    expect(sent()).toEqual({ Scan: 4 });
    expect(await paged(registry, { path: room })).toEqual(all);
    expect(sent()).toEqual({ Query: 4, BatchGetItem: 1 });
    expect(await paged(registry, { path: room, user: 'alice' })).toEqual(all);
    expect(sent()).toEqual({ Query: 1, BatchGetItem: 1 });
    expect(await paged(registry, { path: hall })).toEqual([]);
    expect(sent()).toEqual({ Query: 4 });
    expect(await paged(registry, { user: '' })).toEqual([]);
    expect(await registry.list({ user: '' }, 5)).toEqual({ sockets: [] });
    expect(sent()).toEqual({});
  });

  test('records of before paths were normalised are found by whoever writes the path in the same way', async () => {
    const { registry, sent, table } = await counted();
    const path = aPath('/caf%c3%a9');
    const old = aRecord({ path });
    const Item = { ...openingItem(old), pathShard: { S: `${path}#3` } };
    await plain.send(new PutItemCommand({ TableName: table, Item }));
    const { socket: fresh } = aRecord({ path });
    await registry.put(aRecord({ path, socket: fresh }));
    expect(await registry.get(old.socket)).toEqual(old);
    expect(await paged(registry, { path })).toEqual([old.socket, fresh].sort());
    expect((await registry.list({ path }, 10))?.sockets).toHaveLength(2);
    sent();
    expect(await paged(registry, { path: aPath('/caf%C3%A9') })).toEqual([fresh]);
    expect(sent()).toEqual({ Query: 4, BatchGetItem: 1 });
  });

  test('items that were left unread are asked for again', async () => {
    const { registry, clock } = await counted();
    const sockets: SocketId[] = [];
    for (let at = 0; at < 12; at++) {
      const socket = await bring(registry, 'opening', { path: room });
      await registry.append(socket, 'x'.repeat(250_000));
      sockets.push(socket);
    }
    expect(await paged(registry, { path: room })).toEqual(sockets.sort());
    expect(clock.slept.length).toBeGreaterThan(0);
    expect(Math.max(...clock.slept)).toBeLessThan(3_000);
  });

  test('items that are never read are a fault, and who waits for others is told', async () => {
    const server = createServer(async (request, response) => {
      const body: unknown = JSON.parse((await request.toArray()).join(''));
      const isBatch = String(request.headers['x-amz-target']).endsWith('BatchGetItem');
      const asked = typeof body === 'object' && body && 'RequestItems' in body ? body.RequestItems : {};
      const found = { Items: [{ socket: { S: newSocket() } }] };
      response.end(JSON.stringify(isBatch ? { Responses: {}, UnprocessedKeys: asked } : found));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clock = new QuickClock();
    const registry = registryAt({ name: 'sockets', endpoint: `http://127.0.0.1:${portOf(server)}` }, clock);
    await expect(paged(registry, { path: room })).rejects.toThrow('unread');
    expect(clock.slept).toHaveLength(12);
    let slept = 0;
    const pauses: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      pauses.push(ms);
      slept += ms;
    };
    const slow = { now: () => Date.now(), monotonic: () => slept, random: () => 0.99, sleep };
    const late = registryAt({ name: 'sockets', endpoint: `http://127.0.0.1:${portOf(server)}` }, slow);
    await expect(paged(late, { user: 'alice' })).rejects.toThrow('unread');
    expect(slept).toBeLessThan(8_000);
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, 3_000].map((ms) => ms * 0.99));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('an item that nobody can read is left out of everything, which is logged once', async () => {
    const table = await dynamo.table(plain);
    const log = new RecordingLog();
    const registry = registryAt({ name: table, endpoint: dynamo.endpoint }, new QuickClock(), log);
    const open = [
      await bring(registry, 'open', { path: room }),
      await bring(registry, 'open', { path: room }),
    ];
    const unreadable = newSocket();
    const items = [unreadable, 'no socket id'].map((socket) => ({
      ...{ socket: { S: socket }, status: { S: 'strange' }, path: { S: '/room' }, user: { S: 'alice' } },
      pathShard: { S: pathShardsOf(room)[0] ?? '' },
    }));
    for (const Item of items) await plain.send(new PutItemCommand({ TableName: table, Item }));
    const found = open.sort();
    for (const filter of [{}, { path: room }, { user: 'alice' }]) {
      expect(await paged(registry, filter)).toEqual(found);
      expect((await registry.list(filter, 9))?.sockets).toHaveLength(2);
    }
    const surveyed: SocketId[] = [];
    for await (const page of registry.survey()) surveyed.push(...page.map(({ socket }) => socket));
    expect(surveyed.sort()).toEqual(found);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        event: 'record_unreadable',
        fields: { socket: expect.any(String), why: expect.stringMatching('.') },
      },
    ]);
    await expect(registry.get(unreadable)).rejects.toThrow("no socket's record");
  });

  test('a DynamoDB that says nothing is given up after 8 seconds', async () => {
    const service = new RecordingService('silence');
    const registry = registryAt({ name: 'sockets', endpoint: await service.listen() });
    const begun = performance.now();
    // A Scan and a Query: more at once would use up the retries that the SDK allows a client.
    const outcomes = await Promise.allSettled([{}, { path: room }].map((filter) => registry.list(filter, 9)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    // One attempt more would take 4 s; the rest is for a machine that is busy.
    expect(performance.now() - begun).toBeLessThan(12_000);
    await service.stop();
  });

  test('whoever stops reading a broadcast in the middle leaves nothing that fails', async () => {
    const { registry, table } = await counted();
    await fill(table, 300, { path: room });
    for (const filter of [{}, { path: room }]) {
      for await (const { records } of registry.pages(filter)) {
        expect(records.length).toBeGreaterThan(0);
        break;
      }
    }
  });

  test('a page of a list is filled though most sockets are closing, and ends though all are', async () => {
    const { registry, sent } = await counted();
    const closing = [];
    for (let at = 0; at < 60; at++) closing.push(await bring(registry, 'closing', { path: room }));
    const open = await bring(registry, 'open', { path: room });
    sent();
    const page = await registry.list({}, 61);
    expect(page?.sockets.map(({ socket }) => socket)).toEqual([open]);
    for (const filter of [{}, { path: room }]) {
      sent();
      const short = await registry.list(filter, 1);
      expect(short?.sockets.length).toBeLessThanOrEqual(1);
      const { Scan = 0, Query = 0 } = sent();
      expect(Scan + Query).toBeLessThanOrEqual(24);
      const found = [...(short?.sockets ?? [])];
      for (let cursor = short?.cursor; cursor !== undefined; ) {
        const next = await registry.list(filter, 1, cursor);
        found.push(...(next?.sockets ?? []));
        cursor = next?.cursor;
      }
      expect(found.map(({ socket }) => socket)).toEqual([open]);
    }
  });
});

describe('cursors', () => {
  const encoded = (text: string) => Buffer.from(text).toString('base64url');
  const decoded = (cursor: string) => Buffer.from(cursor, 'base64url').toString();

  async function cursorOf(registry: Registry, filter: SocketFilter): Promise<string> {
    const cursor = (await registry.list(filter, 1))?.cursor;
    if (cursor === undefined) throw new Error('The list is short.');
    return cursor;
  }

  test('a cursor goes on in its own list alone', async () => {
    const { registry, table, sent } = await counted();
    await fill(table, 5, { path: room, user: 'alice' });
    await fill(table, 5, { path: hall, user: 'bob' });
    const filters: SocketFilter[] = [{}, { path: room }, { path: hall }, { user: 'alice' }, { user: 'bob' }];
    const cursors = await Promise.all(filters.map((filter) => cursorOf(registry, filter)));
    sent();
    for (const [at, filter] of filters.entries()) {
      for (const [of, cursor] of cursors.entries()) {
        const page = await registry.list(filter, 1, cursor);
        expect([at, of, page !== undefined]).toEqual([at, of, at === of]);
      }
    }
  });

  test('a cursor that was made by hand names no table, index or key, and asks DynamoDB nothing', async () => {
    const { registry, table, sent } = await counted();
    await fill(table, 5, { path: room });
    const cursor = await cursorOf(registry, { path: room });
    const [mark = ''] = decoded(cursor).split('.');
    sent();
    const forged = [
      ...[`${mark}.16.`, `${mark}.99.`, `${mark}.-1.`, `${mark}.01.`, `${mark}.1e0.`, `${mark}..`],
      ...[`${mark}.0.a b`, `${mark}.0.a.b`, `${mark}.0.\u0000`, `${mark}.0.${'x'.repeat(129)}`, `${mark}.0`],
      ...['x.0.', `${mark}x.0.`, '{"socket":{"S":"x"}}', '{"pathShard":{"S":"/hall#0"},"socket":{"S":"x"}}'],
    ].map(encoded);
    const spoilt = [
      `${cursor}=`,
      ` ${cursor}`,
      `${cursor} `,
      `${cursor}A`,
      cursor.slice(0, -1),
      `${cursor}.`,
    ];
    for (const foreign of [...forged, ...spoilt]) {
      expect([decoded(foreign), await registry.list({ path: room }, 1, foreign)]).toEqual([
        decoded(foreign),
        undefined,
      ]);
    }
    expect(sent()).toEqual({});
  });

  test('a cursor whose socket never was goes on at its place', async () => {
    const { registry, table } = await counted();
    const all = await fill(table, 5, { user: 'alice' });
    const [mark] = decoded(await cursorOf(registry, { user: 'alice' })).split('.');
    const page = await registry.list({ user: 'alice' }, 9, encoded(`${mark}.0.${all[2]}0`));
    expect(page?.sockets.map(({ socket }) => socket)).toEqual(all.slice(3));
  });

  test('a list by path goes on where it was though the socket of its cursor ends', async () => {
    const { registry, table } = await counted();
    await fill(table, 9, { path: room });
    const order = (await registry.list({ path: room }, 100))?.sockets ?? [];
    const first = await registry.list({ path: room }, 4);
    await registry.markEnded(first?.sockets[3]?.socket ?? newSocket(), end);
    await registry.remove(first?.sockets[2]?.socket ?? newSocket());
    expect((await registry.list({ path: room }, 100, first?.cursor))?.sockets).toEqual(order.slice(4));
  });
});

describe('shards', () => {
  test('a record under an index key of an older version is found by path once a sweep has read it', async () => {
    const { registry, table, sent } = await counted();
    const older = Array.from({ length: 20 }, () => aRecord({ path: room }));
    for (const [at, record] of older.entries()) {
      const Item = { ...openingItem(record), pathShard: { S: `${room}#${4 + (at % 12)}` } };
      await plain.send(new PutItemCommand({ TableName: table, Item }));
    }
    const fresh = await bring(registry, 'open', { path: room });
    expect(await paged(registry, { path: room })).toEqual([fresh]);
    sent();
    for await (const _ of registry.survey());
    expect(sent()['UpdateItem']).toBe(20);
    const all = [...older.map(({ socket }) => socket), fresh].sort();
    expect(await paged(registry, { path: room })).toEqual(all);
    sent();
    for await (const _ of registry.survey());
    expect(sent()['UpdateItem']).toBeUndefined();
  });

  test('a record that ends while a sweep moves it stays ended', async () => {
    const { registry, table } = await counted();
    const older = aRecord({ path: room });
    const Item = { ...openingItem(older), pathShard: { S: `${room}#15` } };
    await plain.send(new PutItemCommand({ TableName: table, Item }));
    const survey = registry.survey()[Symbol.asyncIterator]();
    const moved = survey.next();
    await registry.remove(older.socket);
    await moved;
    for (let page = await survey.next(); page.done !== true; page = await survey.next());
    expect(await registry.get(older.socket)).toBeUndefined();
  });

  test('a broadcast by path that an older version began goes on with its sixteen keys', async () => {
    const { registry, table } = await counted();
    const older = Array.from({ length: 16 }, () => aRecord({ path: room }));
    for (const [at, record] of older.entries()) {
      const Item = { ...openingItem(record), pathShard: { S: `${room}#${at}` } };
      await plain.send(new PutItemCommand({ TableName: table, Item }));
    }
    const [first, ...rest] = older.map(({ socket }) => socket);
    // The first key is read to its end, the others are not begun.
    const from = ['.', ...Array.from({ length: 15 }, () => '')].join(',');
    const reached: SocketId[] = [];
    for await (const { records } of registry.pages({ path: room }, from))
      reached.push(...records.map(({ socket }) => socket));
    expect(reached.sort()).toEqual(rest.sort());
    expect(reached).not.toContain(first);
  });

  test('sockets are spread evenly over the shards of their path', () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 16_000; at++) {
      const shard = pathShardOf(normalisePath(room), newSocket());
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(pathShardsOf(room).sort());
    expect(Math.min(...counts.values())).toBeGreaterThan(3_700);
    expect(Math.max(...counts.values())).toBeLessThan(4_300);
  });

  test('a socket has the shard that it was stored with', () => {
    const socket = parseSocketId('L0SM9cOFvHcCIhw=') ?? newSocket();
    // The published FNV-1a of 'a' and 'foobar', their halves folded.
    expect(hashOf('a')).toBe(0xe40c_0000 + (0x292c ^ 0xe40c));
    expect(hashOf('foobar')).toBe(0xbf9c_0000 + (0xf968 ^ 0xbf9c));
    expect(pathShardOf(normalisePath(room), socket)).toBe('/room#1');
  });
});
