import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import type { MessageEvent } from './api-gateway/events.ts';
import { frame, gate, never, ok, startWithoutRoutes, stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

describe('a message', () => {
  test('a message goes to $default, whatever it says', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    const bodies = [
      'ping',
      '',
      '"ping"',
      '["ping"]',
      'null',
      '{"action":"ping"}',
      '{"sockethook":"pong"}',
      '{"sockethook":["ping"]}',
      '{"sockethook":{"ping":1}}',
      '{"sockethook":"$connect"}',
      '{"sockethook":"$disconnect"}',
      '{"sockethook":"ping"',
      '{"nested":{"sockethook":"ping"}}',
    ];
    for (const body of bodies) client.send(body);
    await eventually('all are there', () => world.messages.length === bodies.length);
    expect(world.bodies).toEqual(bodies);
    expect(new Set(world.messages.map(({ requestContext }) => requestContext.routeKey))).toEqual(
      new Set(['$default']),
    );
    expect(world.connects).toHaveLength(1);
    expect(world.disconnects).toHaveLength(0);
  });

  test('a message with "sockethook": "ping" goes to the MOCK route, which invokes nothing and returns a pong', async () => {
    const world = await World.start(
      { $default: async ({ body }) => ({ ...ok, body }) },
      { returnResponse: true },
    );
    const { client } = await world.enter();
    for (const body of ['{"sockethook":"ping"}', ' { "a": 1, "sockethook" : "ping" } ', 'after']) {
      client.send(body);
    }
    const pong = '{"sockethook":"pong"}';
    expect(await client.take(3)).toEqual([pong, pong, 'after']);
    expect(world.bodies).toEqual(['after']);
  });

  test('messages are invoked at once, none waits for the one before it', async () => {
    const { open, opened } = gate();
    const lambda = async ({ body }: MessageEvent): Promise<unknown> => {
      if (body === 'second') open();
      else await opened;
      return { ...ok, body };
    };
    const world = await World.start({ $default: lambda }, { returnResponse: true });
    const { client } = await world.enter();
    client.send('first');
    client.send('second');
    expect((await client.take(2)).sort()).toEqual(['first', 'second']);
  });

  test('jitter puts each invocation off, so that order is lost', async () => {
    const delays = [400, 200, 0];
    const world = await World.start({}, { jitter: () => delays.shift() ?? 0 });
    const { client } = await world.enter();
    for (const body of ['a', 'b', 'c']) client.send(body);
    await eventually('all are there', () => world.messages.length === 3);
    expect(world.bodies).toEqual(['c', 'b', 'a']);
  });

  test('with returnResponse the client gets the body of what the Lambda returned, and no body is no frame', async () => {
    const lambda = async ({ body }: MessageEvent): Promise<unknown> =>
      body === 'none' ? ok : { statusCode: body === '' ? 200 : 500, headers: { a: 'b' }, body };
    const world = await World.start({ $default: lambda }, { returnResponse: true });
    const { client, connectionId } = await world.enter();
    for (const body of ['none', '', '{"any": "text"}']) client.send(body);
    expect(await client.next()).toBe('{"any": "text"}');
    await world.gateway.settled();
    await world.call('POST', connectionId, 'end');
    expect(await client.next()).toBe('end');
  });

  test('without returnResponse what the Lambda returned is discarded', async () => {
    const world = await World.start({ $default: async ({ body }) => ({ ...ok, body }) });
    const { client, connectionId } = await world.enter();
    client.send('m');
    await eventually('it is invoked', () => world.messages.length === 1);
    await world.gateway.settled();
    await world.call('POST', connectionId, 'end');
    expect(await client.next()).toBe('end');
  });

  test('a Lambda that throws makes an "Internal server error" frame, and the connection stays open', async () => {
    const world = await World.start({ $default: () => Promise.reject(new Error('no')) });
    const { client } = await world.enter();
    for (let at = 0; at < 2; at++) {
      client.send('m');
      const got = await client.next();
      expect(got).toBe(frame('Internal server error', world.messages[at]!.requestContext));
    }
  });

  test('a Lambda that returns no status makes an "Internal server error" frame', async () => {
    for (const returnResponse of [false, true]) {
      const world = await World.start({ $default: async () => 'ok' }, { returnResponse });
      const { client } = await world.enter();
      client.send('m');
      expect(await client.next()).toContain('{"message": "Internal server error", "connectionId":"');
    }
  });

  test('a body of more than 128 KiB makes an "Internal server error" frame', async () => {
    const lambda = async ({ body }: MessageEvent): Promise<unknown> => ({
      ...ok,
      body: 'x'.repeat(Number(body)),
    });
    const world = await World.start({ $default: lambda }, { returnResponse: true });
    const { client } = await world.enter();
    client.send('131072');
    expect(await client.next()).toHaveLength(131_072);
    client.send('131073');
    expect(await client.next()).toContain('"Internal server error"');
  });

  test('a Lambda that takes too long makes an "Endpoint request timed out" frame', async () => {
    const world = await World.start({ $default: never }, { limits: { integrationTimeoutMs: 50 } });
    const { client } = await world.enter();
    client.send('m');
    const got = await client.next();
    expect(got).toBe(frame('Endpoint request timed out', world.messages[0]!.requestContext));
  });

  test('without a $default route a message makes a "Forbidden" frame', async () => {
    const gateway = await startWithoutRoutes();
    const client = await connect(gateway.url);
    client.send('m');
    const [connectionId] = gateway.connectionIds;
    expect(await client.next()).toMatch(
      new RegExp(`^{"message": "Forbidden", "connectionId":"${connectionId}", "requestId":"[\\w-]{15}="}$`),
    );
  });

  test('an error frame has a space after its first colon and after each comma, and none after the other colons', async () => {
    const world = await World.start({ $default: () => Promise.reject(new Error('no')) });
    const { client } = await world.enter();
    client.send('m');
    expect(await client.next()).toMatch(
      /^\{"message": "Internal server error", "connectionId":"[\w-]{15}=", "requestId":"[\w-]{15}="\}$/,
    );
  });

  test('the fault duplicateMessage: a message is invoked twice with the same ids', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    world.faults.duplicateMessage = 1;
    client.send('twice');
    client.send('once');
    await eventually('all are there', () => world.messages.length === 3);
    expect(world.bodies).toEqual(['twice', 'twice', 'once']);
    expect(world.messages[1]).toEqual(world.messages[0]);
  });

  test('the fault reverseMessages: so many messages are invoked in reverse', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    world.faults.reverseMessages = 3;
    for (const body of ['a', 'b', 'c', 'd', 'e']) client.send(body);
    await eventually('all are there', () => world.messages.length === 5);
    expect(world.bodies).toEqual(['c', 'b', 'a', 'd', 'e']);
  });

  test('the fault systemRoutes: a message can select $connect and $disconnect, as an event of type MESSAGE', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    world.faults.systemRoutes = true;
    client.send('{"sockethook":"$connect"}');
    client.send('{"sockethook":"$disconnect"}');
    await eventually('both are there', () => world.connects.length === 2 && world.disconnects.length === 1);
    expect(world.connects[1]).toMatchObject({
      requestContext: { eventType: 'MESSAGE', routeKey: '$connect' },
      body: '{"sockethook":"$connect"}',
    });
    expect(world.disconnects[0]).toMatchObject({
      requestContext: { eventType: 'MESSAGE', routeKey: '$disconnect' },
    });
    expect(world.gateway.connectionIds).toHaveLength(1);
  });
});
