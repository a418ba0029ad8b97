import { describe, expect, test } from 'vitest';
import { postToConnection } from '../../../functions/gateway/deliver/post-to-connection.ts';
import { send } from '../../../functions/gateway/deliver/send.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const gone = { kind: 'gone' } as const;
const throttled = { kind: 'throttled' } as const;
const posted = { kind: 'posted' } as const;

describe('a 410 right after the handshake', () => {
  test('is asked again until the connection is there, with pauses that differ', async () => {
    const { gateway, connections, clock, registry, tasks, admit } = fakeGateway();
    const record = await admit();
    connections.script(record.socket, (attempt) => {
      clock.chance = attempt / 10;
      return attempt < 6 ? gone : posted;
    });
    expect(await clock.until(postToConnection(gateway, record, 'hello'))).toBe('delivered');
    expect(connections.of(record.socket)).toEqual(['hello']);
    expect(new Set(clock.slept).size).toBe(5);
    for (const pause of clock.slept) expect(pause).toBeGreaterThanOrEqual(20);
    for (const pause of clock.slept) expect(pause).toBeLessThanOrEqual(250);
    expect((await registry.get(record.socket))?.status).toBe('open');
    expect(tasks.queued).toEqual([]);
  });

  test('is not believed for 10 s, then the socket has ended with 1006', async () => {
    const { gateway, connections, clock, registry, tasks, admit } = fakeGateway();
    const record = await admit();
    const { socket } = record;
    connections.script(socket, () => gone);
    const outcome = postToConnection(gateway, record, 'hello');
    await clock.advance(9_900);
    expect((await registry.get(socket))?.status).toBe('open');
    expect(await clock.until(outcome)).toBe('gone');
    expect(clock.now() - record.acceptedAt).toBeGreaterThanOrEqual(10_000);
    expect(clock.now() - record.acceptedAt).toBeLessThan(10_300);
    const end = { code: 1006, reason: '', time: clock.now() };
    expect(await registry.get(socket)).toMatchObject({ status: 'closing', end });
    expect(tasks.queued).toEqual([{ kind: 'closed', socket }]);
  });

  test.for(['closing', 'removed'])('is believed at once when the record is %s', async (how) => {
    const { gateway, connections, clock, registry, tasks, admit } = fakeGateway();
    const record = await admit();
    if (how === 'removed') await registry.remove(record.socket);
    else await registry.markEnded(record.socket, { code: 1001, reason: '', time: 0 });
    connections.script(record.socket, () => gone);
    expect(await postToConnection(gateway, record, 'hello')).toBe('gone');
    expect(clock.slept).toEqual([]);
    expect(tasks.queued).toEqual([]);
  });
});

describe('a 410 later', () => {
  test('is believed: the socket has ended, its closed hook is owed, and nobody waits for that', async () => {
    const { gateway, app, connections, clock, registry, tasks, admit } = fakeGateway();
    const record = await admit();
    await clock.advance(10_000);
    connections.script(record.socket, () => gone);
    expect(await postToConnection(gateway, record, 'hello')).toBe('gone');
    expect(connections.attempts(record.socket)).toBe(1);
    expect((await registry.get(record.socket))?.end).toMatchObject({ code: 1006 });
    expect(tasks.queued).toEqual([{ kind: 'closed', socket: record.socket }]);
    expect(app.requests).toEqual([]);
  });

  test('found by several posts at once owes one closed hook', async () => {
    const { gateway, connections, clock, tasks, admit } = fakeGateway();
    const record = await admit();
    await clock.advance(60_000);
    connections.script(record.socket, () => gone);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => postToConnection(gateway, record, 'x')),
    );
    expect(new Set(outcomes)).toEqual(new Set(['gone']));
    expect(tasks.queued).toHaveLength(1);
  });
});

describe('throttling', () => {
  test('is waited out', async () => {
    const { gateway, connections, clock, admit } = fakeGateway();
    const record = await admit();
    connections.script(record.socket, (attempt) => (attempt <= 10 ? throttled : posted));
    expect(await clock.until(postToConnection(gateway, record, 'hello'))).toBe('delivered');
    expect(connections.attempts(record.socket)).toBe(11);
  });

  test.for([0, 0.999])('is waited out for 10 s and no longer (chance %d)', async (chance) => {
    const { gateway, connections, clock, registry, admit } = fakeGateway();
    clock.chance = chance;
    const record = await admit();
    connections.script(record.socket, () => throttled);
    const begun = clock.now();
    expect(await clock.until(postToConnection(gateway, record, 'hello'))).toBe('throttled');
    expect(clock.now() - begun).toBeGreaterThanOrEqual(10_000);
    expect(clock.now() - begun).toBeLessThanOrEqual(10_250);
    expect((await registry.get(record.socket))?.status).toBe('open');
  });

  test('of one socket holds up no other of the same send', async () => {
    const { gateway, connections, clock, admit } = fakeGateway();
    const records = await Promise.all(Array.from({ length: 30 }, () => admit()));
    const [slow, ...others] = records.map(({ socket }) => socket);
    if (slow === undefined) throw new Error('There is no socket.');
    connections.script(slow, () => throttled);
    const outcome = send(gateway, { sockets: [slow, ...others], malformed: [], body: 'hello' });
    await clock.advance(0);
    expect(connections.arrived.map(({ socket }) => socket)).toEqual(others);
    expect(await clock.until(outcome)).toEqual({
      ...{ delivered: 29, queued: 0, gone: [], failed: [{ socket: slow, code: 'throttled' }] },
    });
  });
});

describe('other outcomes of a post', () => {
  test.for(['slow_client', 'post_failed'] as const)('%s is told and not tried again', async (code) => {
    const { gateway, connections, registry, admit } = fakeGateway();
    const record = await admit();
    connections.script(record.socket, () => ({ kind: 'failed', code }));
    expect(await postToConnection(gateway, record, 'hello')).toBe(code);
    expect(connections.attempts(record.socket)).toBe(1);
    expect((await registry.get(record.socket))?.status).toBe('open');
  });

  test('a connection that is ending is gone, and whoever holds it tells how', async () => {
    const { gateway, connections, registry, tasks, admit } = fakeGateway();
    const record = await admit();
    connections.script(record.socket, () => ({ kind: 'ending' }));
    expect(await postToConnection(gateway, record, 'hello')).toBe('gone');
    expect((await registry.get(record.socket))?.status).toBe('open');
    expect(tasks.queued).toEqual([]);
  });
});

describe('a post whose run is about to be over', () => {
  test.for([
    { kind: 'posted', left: 0, attempts: 0 },
    { kind: 'throttled', left: 0, attempts: 0 },
    { kind: 'throttled', left: 1, attempts: 1 },
    { kind: 'throttled', left: 1_000, attempts: 8 },
    { kind: 'gone', left: 0, attempts: 0 },
    { kind: 'gone', left: 1_000, attempts: 8 },
  ] as const)('with $left ms is tried till then ($kind), and the socket lives', async (given) => {
    const { gateway, connections, clock, registry, admit } = fakeGateway();
    const record = await admit();
    connections.script(record.socket, () => ({ kind: given.kind }));
    const hurried = { ...gateway, deadline: clock.monotonic() + given.left };
    expect(await clock.until(postToConnection(hurried, record, 'hello'))).toBe('throttled');
    expect(connections.attempts(record.socket)).toBe(given.attempts);
    expect(clock.monotonic()).toBeLessThanOrEqual(hurried.deadline + 250);
    expect((await registry.get(record.socket))?.status).toBe('open');
  });
});
