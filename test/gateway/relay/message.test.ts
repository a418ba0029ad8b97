import { describe, expect, test } from 'vitest';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupNames } from '../../fakes/group-names.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const end = { code: 1001, reason: 'Going away', time: 1_000 };

describe('a message', () => {
  test('of an open socket posts a hook with what is known of the socket', async () => {
    const { gateway, app, admit } = fakeGateway();
    const { socket } = await admit({ user: 'alice', state: 's', query: 'a=1', origin: 'https://x.example' });
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(app.hooks).toMatchObject([
      { event: 'message', from: socket, body: 'hello', user: 'alice', state: 's', query: 'a=1', time: '7' },
    ]);
    expect(app.requests[0]).toMatchObject({
      url: 'http://app.example/websocket/message/?a=1',
      headers: { 'webhook-id': 'message_m1', 'WebSocket-Origin': 'https://x.example' },
    });
  });

  test.for([
    { when: 'before', time: 999, told: true },
    { when: 'at the moment of', time: 1_000, told: true },
    { when: 'after', time: 1_001, told: false },
  ])('that came $when the end of its socket posts a hook: $told', async ({ time, told }) => {
    const { gateway, app, connections, registry, admit } = fakeGateway();
    const { socket } = await admit();
    await registry.markEnded(socket, end);
    await message(gateway, { socket, id: 'm1', body: 'hello', time });
    expect(app.hooks).toHaveLength(told ? 1 : 0);
    expect(connections.ended).toEqual(told ? [] : [socket]);
  });

  test('carries the groups that the socket is in when its record is read, as a JSON list in the form', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit();
    const message1 = { socket, id: 'm1', body: 'hello', time: 7 };
    await message(gateway, message1);
    await registry.changeGroups(socket, { join: groupNames('a/b', 'é "x"'), leave: [] });
    await message(gateway, { ...message1, id: 'm2' });
    await registry.changeGroups(socket, { join: [], leave: groupNames('a/b') });
    await message(gateway, { ...message1, id: 'm3' });
    const told = app.hooks.map(({ groups = '' }) => JSON.parse(groups));
    expect(told).toEqual([[], ['a/b', 'é "x"'], ['é "x"']]);
  });

  test('of a socket in groups reads its record once and writes nothing', async () => {
    const calls: string[] = [];
    const { gateway, admit } = fakeGateway({
      registry: (memory) => new WatchedRegistry(memory, (call) => void calls.push(call)),
    });
    const { socket } = await admit({ groups: groupNames('a', 'b') });
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(calls).toEqual(['get']);
  });

  test('of an unknown socket posts no hook, and its connection is closed', async () => {
    const { gateway, app, connections } = fakeGateway();
    const socket = newSocket();
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(app.hooks).toEqual([]);
    expect(connections.ended).toEqual([socket]);
  });

  test('whose answer sets the state that it had sets it again, since another may have changed it meanwhile', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit({ state: 'a' });
    const { post } = app;
    app.post = async (request) => {
      await registry.setState(socket, 'b');
      return post.call(app, request);
    };
    const contentType = 'application/vnd.sockethook+json';
    app.answers = [answered(200, { contentType, body: '{"state":"a"}' })];
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect((await registry.get(socket))?.state).toBe('a');
  });

  test('posts no hook to an app that wants none, and its socket stays open', async () => {
    const { gateway, app, connections, admit } = fakeGateway({ settings: { hooks: new Set(['closed']) } });
    const { socket } = await admit();
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(app.hooks).toEqual([]);
    expect(connections.ended).toEqual([]);
  });

  test('that the app refuses runs no actions', async () => {
    const { gateway, app, connections, admit } = fakeGateway();
    const { socket } = await admit();
    const actions = { contentType: 'application/vnd.sockethook+json', body: '{"reply":"x"}' };
    app.answers = [answered(400, actions)];
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(connections.arrived).toEqual([]);
  });

  test('whose answer asks for everything has it done in order: reply, send, broadcast, close', async () => {
    const { gateway, app, connections, registry, admit } = fakeGateway();
    const [{ socket }, other] = [await admit(), await admit()];
    const document = {
      close: true,
      broadcast: [{ body: 'to all' }],
      reply: 'to you',
      state: 'new',
      send: [{ sockets: [other.socket], body: 'to another' }],
    };
    const contentType = 'application/vnd.sockethook+json';
    app.answers = [answered(200, { contentType, body: JSON.stringify(document) })];
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(connections.of(socket)).toEqual(['to you', 'to all']);
    expect(connections.of(other.socket)).toEqual(['to another', 'to all']);
    expect(connections.arrived.map(({ body }) => body).slice(0, 2)).toEqual(['to you', 'to another']);
    expect(connections.ended).toEqual([socket]);
    expect(await registry.get(socket)).toMatchObject({
      status: 'closing',
      state: 'new',
      end: { code: 1000 },
    });
  });

  test('whose reply can’t be posted is logged under its hook, and the other actions are done', async () => {
    const { gateway, app, connections, log, admit } = fakeGateway();
    const [{ socket }, other] = [await admit(), await admit()];
    connections.script(socket, () => ({ kind: 'failed', code: 'slow_client' }));
    const document = { reply: 'x', send: [{ sockets: [other.socket], body: 'still' }] };
    const contentType = 'application/vnd.sockethook+json';
    app.answers = [answered(200, { contentType, body: JSON.stringify(document) })];
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(log.of('action_failed')).toMatchObject([
      { fields: { request: 'message_m1', action: 'reply', code: 'slow_client' } },
    ]);
    expect(connections.of(other.socket)).toEqual(['still']);
  });
});

describe('a closed hook', () => {
  test('carries the groups that the socket was in at its end, and no call finds it there any more', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit({ user: 'alice' });
    const [group] = groupNames('room');
    await registry.changeGroups(socket, { join: groupNames('room', 'hall', 'left'), leave: [] });
    await registry.changeGroups(socket, { join: [], leave: groupNames('left') });
    await registry.markEnded(socket, end);
    app.onPost = async () => {
      expect(await registry.list({ group }, 10)).toEqual({ sockets: [] });
    };
    await closed(gateway, socket);
    expect(app.told.map(({ groups = '' }) => JSON.parse(groups))).toEqual([['room', 'hall']]);
    expect(await registry.list({ group }, 10)).toEqual({ sockets: [] });
  });

  test('of a socket that joins a group after its end does not carry it', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit();
    await registry.markEnded(socket, end);
    expect(await registry.changeGroups(socket, { join: groupNames('late'), leave: [] })).toBe('gone');
    await closed(gateway, socket);
    expect(app.told).toMatchObject([{ groups: '[]' }]);
  });

  test('is posted by one of many workers, and then the record is gone', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit({ user: 'alice', state: 's' });
    await registry.markEnded(socket, end);
    await Promise.all(Array.from({ length: 20 }, () => closed(gateway, socket)));
    const told = { event: 'closed', from: socket, code: '1001', reason: 'Going away', time: '1000' };
    expect(app.hooks).toEqual([expect.objectContaining({ ...told, user: 'alice', state: 's' })]);
    expect(await registry.get(socket)).toBeUndefined();
  });

  test('that kills its worker is posted by the next one, when the lease has ended', async () => {
    const { gateway, registry, clock, app, admit } = fakeGateway();
    const { socket } = await admit();
    await registry.markEnded(socket, end);
    await registry.lease(socket, 'closing', 60_000);
    await closed(gateway, socket);
    expect(app.hooks).toEqual([]);
    await clock.advance(60_001);
    await closed(gateway, socket);
    expect(app.hooks).toHaveLength(1);
  });

  test('of a socket that is not closing is not posted', async () => {
    const { gateway, app, registry, admit } = fakeGateway();
    const { socket } = await admit();
    await closed(gateway, socket);
    expect(app.hooks).toEqual([]);
    expect((await registry.get(socket))?.status).toBe('open');
  });
});
