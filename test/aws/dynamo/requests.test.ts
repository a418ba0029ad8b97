import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acceptance, bring, end } from '../../contract/ports/registry-world.ts';
import { aPath, aRecord, newSocket } from '../../fakes/a-record.ts';
import { DynamoFront } from '../dynamo-front.ts';
import { Dynamo, registryAt } from '../dynamo-table.ts';

const dynamo = await Dynamo.start();
const front = await DynamoFront.open(dynamo.endpoint);
afterAll(async () => {
  await front.close();
  await dynamo.stop();
});

const plain = dynamo.client();

async function counted() {
  const table = await dynamo.table(plain);
  const registry = registryAt({ name: table, endpoint: front.endpoint });
  const sent = () => front.sent();
  sent();
  const item = async (socket: SocketId) => {
    const read = { TableName: table, Key: { socket: { S: socket } }, ConsistentRead: true };
    return (await plain.send(new GetItemCommand(read))).Item;
  };
  return { registry, sent, item, table };
}

describe('what is asked of DynamoDB', () => {
  test('a message costs one read and no write', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'open');
    sent();
    await registry.get(socket);
    expect(sent()).toEqual({ GetItem: 1 });
  });

  test('a life costs four writes and no read, and the lease of its closed hook one more', async () => {
    const { registry, sent } = await counted();
    const record = aRecord({ path: aPath('/room/1'), user: 'alice' });
    await registry.put(record);
    await registry.accept(record.socket, acceptance, 'open');
    await registry.markEnded(record.socket, end);
    await registry.remove(record.socket);
    expect(sent()).toEqual({ PutItem: 1, UpdateItem: 2, DeleteItem: 1 });
    const other = await bring(registry, 'closing');
    sent();
    await registry.lease(other, 'closing', 1_000);
    expect(sent()).toEqual({ UpdateItem: 1 });
  });

  test('messages that wait cost one write each, and one that opens the socket after them', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'accepted');
    expect(sent()).toEqual({ PutItem: 1, UpdateItem: 3 });
    await registry.lease(socket, 'accepted', 1_000);
    await registry.waiting(socket);
    await registry.flushed(socket, 2);
    expect(sent()).toEqual({ UpdateItem: 2, GetItem: 1 });
  });

  test('a close or a lease that comes second needs no read to know', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'closing');
    await registry.lease(socket, 'closing', 10_000);
    sent();
    expect(await registry.markEnded(socket, end)).toBeUndefined();
    expect(await registry.lease(socket, 'closing', 10_000)).toBeUndefined();
    expect(await registry.setState(socket, 'late')).toBe('gone');
    expect(sent()).toEqual({ UpdateItem: 3 });
  });

  test('an append that finds the socket open takes a read where a refusal does not say why', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'open');
    sent();
    expect(await registry.append(socket, 'late')).toBe('open');
    expect(sent()).toEqual({ UpdateItem: 1, GetItem: 1 });
  });

  test('no change of a socket that is unknown makes an item', async () => {
    const { registry, table } = await counted();
    const socket = newSocket();
    await registry.accept(socket, acceptance, 'open');
    await registry.accept(socket, acceptance, 'accepted');
    await registry.setState(socket, 'state');
    await registry.markEnded(socket, end);
    await registry.lease(socket, 'closing', 1);
    await registry.append(socket, 'body');
    await registry.flushed(socket, 0);
    expect((await plain.send(new ScanCommand({ TableName: table }))).Count).toBe(0);
  });

  test('a socket that has a record is not put again, and it needs no read to know', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'open');
    sent();
    expect(await registry.put(aRecord({ socket }))).toBe(false);
    expect(sent()).toEqual({ PutItem: 1 });
    expect((await registry.get(socket))?.status).toBe('open');
  });
});

describe('what an item holds', () => {
  test('an index key is left out while it is empty, and comes and goes with the user', async () => {
    const { registry, item } = await counted();
    const { socket } = await putFresh();
    expect(await item(socket)).not.toHaveProperty('user');
    await registry.accept(socket, acceptance, 'open');
    expect((await item(socket))?.['user']).toEqual({ S: 'alice' });

    const named = await putFresh('ticket');
    expect((await item(named.socket))?.['user']).toEqual({ S: 'ticket' });
    await registry.accept(named.socket, { ...acceptance, user: '' }, 'open');
    expect(await item(named.socket)).not.toHaveProperty('user');
    expect(await registry.get(named.socket)).toMatchObject({ user: '', status: 'open' });

    async function putFresh(user = '') {
      const record = aRecord({ user });
      await registry.put(record);
      return record;
    }
  });

  test('an item is collected 7 days after opening, 15 after closing', async () => {
    const { registry, item } = await counted();
    const socket = await bring(registry, 'opening', { openedAt: 1_764_000_000_001 });
    expect((await item(socket))?.['expires']).toEqual({ N: String(1_764_000_001 + 7 * 86_400) });
    await registry.markEnded(socket, { ...end, time: 1_764_000_100_000 });
    expect((await item(socket))?.['expires']).toEqual({ N: String(1_764_000_100 + 15 * 86_400) });
  });

  test('a socket that is open has no outbox left, and fits one write unit and an index entry', async () => {
    const { registry, item } = await counted();
    const socket = await bring(registry, 'opening', {
      ...{ path: aPath('/room/1'), query: 'token=abcdef', origin: 'https://app.example' },
    });
    await registry.accept(socket, acceptance, 'open');
    const open = await item(socket);
    expect(Object.keys(open ?? {}).sort()).toEqual(
      ['acceptedAt', 'expires', 'openedAt', 'origin', 'path', 'pathShard', 'query'].concat(
        ...[['socket', 'state', 'status', 'user']],
      ),
    );
    expect(sizeOf(open ?? {})).toBeLessThan(300);
    expect(open?.['pathShard']?.S).toMatch(/^\/room\/1#[0-3]$/);
  });

  test('the fullest record stays below the 400 KB of an item and the 2,048 bytes of a key', async () => {
    const { registry, item } = await counted();
    const socket = await bring(registry, 'opening', {
      ...{ path: aPath(`/${'p'.repeat(1_023)}`), query: 'q'.repeat(4_096), origin: 'o'.repeat(4_096) },
      ...{ user: '😀'.repeat(64), state: 's'.repeat(4_096) },
    });
    for (let at = 0; at < 100; at++) {
      expect(await registry.append(socket, at === 0 ? 'x'.repeat(262_144 - 99) : 'x')).toBe('queued');
    }
    const full = (await item(socket)) ?? {};
    expect(sizeOf(full)).toBeLessThan(300_000);
    expect(Buffer.byteLength(full['pathShard']?.S ?? '')).toBeLessThan(2_048);
    expect(await registry.accept(socket, acceptance, 'accepted')).toBe('done');
    expect(await registry.flushed(socket, 99)).toBe('more');
    expect(await registry.waiting(socket)).toEqual(['x']);
    expect((await item(socket))?.['outboxBytes']).toEqual({ N: '1' });
  });
});

describe('senders and a flusher at once', () => {
  test('every message that was queued is taken off once, in its order, and what comes after is posted', async () => {
    const { registry } = await counted();
    const socket = await bring(registry, 'opening');
    await registry.append(socket, 'first');
    await registry.accept(socket, acceptance, 'accepted');
    const sending = Promise.all(
      Array.from({ length: 8 }, async (_, sender) => {
        const outcomes: string[] = [];
        for (let at = 0; at < 10; at++) outcomes.push(await registry.append(socket, `${sender} ${at}`));
        return outcomes;
      }),
    );
    const arrived: string[] = [];
    for (let left = 'more'; left === 'more'; ) {
      const waiting = await registry.waiting(socket);
      arrived.push(...waiting);
      left = await registry.flushed(socket, waiting.length);
    }
    const outcomes = await sending;
    expect(arrived[0]).toBe('first');
    for (const [sender, told] of outcomes.entries()) {
      const queued = told.flatMap((outcome, at) => (outcome === 'queued' ? [`${sender} ${at}`] : []));
      expect(arrived.filter((body) => body.startsWith(`${sender} `))).toEqual(queued);
      expect(new Set(told.slice(queued.length))).toEqual(new Set(queued.length < 10 ? ['open'] : []));
    }
    expect((await registry.get(socket))?.status).toBe('open');
  });
});

/** DynamoDB counts the bytes of names and values; a list 3, and 1 for each element. Numbers are rounded up. */
function sizeOf(item: Readonly<Record<string, object>>): number {
  const one = (value: object): number =>
    Object.values(value).reduce<number>((sum, inner: unknown) => {
      if (typeof inner === 'string') return sum + Buffer.byteLength(inner);
      return Array.isArray(inner) ? inner.reduce<number>((all, each) => all + 1 + one(each), sum + 3) : sum;
    }, 0);
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + one(value), 0);
}
