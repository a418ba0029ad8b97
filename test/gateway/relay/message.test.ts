import { describe, expect, test } from 'vitest';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const end = { code: 1001, reason: 'Going away', time: 1_000 };

describe('a message', () => {
  test('of an open socket is told, with what is known of the socket', async () => {
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
  ])('that came $when the end of its socket: told $told', async ({ time, told }) => {
    const { gateway, app, connections, registry, admit } = fakeGateway();
    const { socket } = await admit();
    await registry.markEnded(socket, end);
    await message(gateway, { socket, id: 'm1', body: 'hello', time });
    expect(app.hooks).toHaveLength(told ? 1 : 0);
    expect(connections.ended).toEqual(told ? [] : [socket]);
  });

  test('of a socket that nobody knows posts no hook and ends its connection', async () => {
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

  test('is not told to an app that wants none, and its socket stays', async () => {
    const { gateway, app, connections, admit } = fakeGateway({ settings: { hooks: new Set(['closed']) } });
    const { socket } = await admit();
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(app.hooks).toEqual([]);
    expect(connections.ended).toEqual([]);
  });

  test('that the app refuses has no actions done', async () => {
    const { gateway, app, connections, admit } = fakeGateway();
    const { socket } = await admit();
    const actions = { contentType: 'application/vnd.sockethook+json', body: '{"reply":"x"}' };
    app.answers = [answered(400, actions)];
    await message(gateway, { socket, id: 'm1', body: 'hello', time: 7 });
    expect(connections.arrived).toEqual([]);
  });

  test('answered with everything has it done in order: reply, send, broadcast, close', async () => {
    const { gateway, app, connections, registry, admit } = fakeGateway();
    const [{ socket }, other] = [await admit(), await admit()];
    const document = {
      ...{ close: true, broadcast: [{ body: 'to all' }], reply: 'to you', state: 'new' },
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
