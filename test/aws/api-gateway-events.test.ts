import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import type { ConnectEvent } from './api-gateway/events.ts';
import { connecting, id, stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

describe('an event', () => {
  test('an id is 11 random bytes in base64url, 15 characters and an equals sign', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    for (let at = 0; at < 50; at++) client.send('m');
    await eventually('all are there', () => world.messages.length === 50);
    const ids = world.messages.flatMap(({ requestContext }) => [
      requestContext.requestId,
      requestContext.messageId,
    ]);
    expect(ids.filter((each) => !id.test(each) || Buffer.from(each, 'base64url').length !== 11)).toEqual([]);
    expect(new Set(ids).size).toBe(100);
  });

  test('a $connect event has headers and multiValueHeaders, one text and all texts of each', async () => {
    const world = await World.start();
    connecting(world, { Cookie: 'a=b', 'x-twice': 'one\r\nx-twice: two' });
    await eventually('it connects', () => world.connects.length === 1);
    const [event] = world.connects as ConnectEvent[];
    expect(event).toEqual({
      headers: expect.objectContaining({ Host: 'localhost', 'x-twice': 'two', Cookie: 'a=b' }),
      multiValueHeaders: expect.objectContaining({
        Host: ['localhost'],
        'x-twice': ['one', 'two'],
        Cookie: ['a=b'],
      }),
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        messageDirection: 'IN',
        stage: 'production',
        apiId: expect.stringMatching(/^[a-z0-9]+$/),
        domainName: expect.stringMatching(/^[a-z0-9]+\.execute-api\.us-east-1\.amazonaws\.com$/),
        connectionId: expect.stringMatching(id),
        connectedAt: expect.any(Number),
        requestTimeEpoch: expect.any(Number),
        requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/20\d\d:\d\d:\d\d:\d\d \+0000$/),
        requestId: expect.stringMatching(id),
        extendedRequestId: event?.requestContext.requestId,
        identity: { sourceIp: '127.0.0.1' },
      },
      isBase64Encoded: false,
    });
    expect(Object.keys(event?.multiValueHeaders ?? {})).toEqual(Object.keys(event?.headers ?? {}));
  });

  test('a $connect event has the query only when there is one: the last value of each name, and all of them', async () => {
    const world = await World.start();
    for (const query of ['', '?', '?path=%2Fa%2520b&path=two&empty=']) {
      await connect(`${world.gateway.url}${query}`);
    }
    const [without, empty, withQuery] = world.connects;
    expect(
      [without, empty].map((event) => Object.keys(event ?? {}).some((key) => /query/i.test(key))),
    ).toEqual([false, false]);
    expect(withQuery).toMatchObject({
      queryStringParameters: { path: 'two', empty: '' },
      multiValueQueryStringParameters: { path: ['/a%20b', 'two'], empty: [''] },
    });
  });

  test('a message event has its body as a text and a messageId, and neither headers nor query', async () => {
    const world = await World.start();
    const client = await connect(`${world.gateway.url}?path=%2Ffoo`);
    client.send('{"text": "grüße"}');
    await eventually('it is invoked', () => world.messages.length === 1);
    const [event] = world.messages;
    expect(Object.keys(event ?? {}).sort()).toEqual(['body', 'isBase64Encoded', 'requestContext']);
    expect(event).toMatchObject({
      requestContext: {
        routeKey: '$default',
        eventType: 'MESSAGE',
        messageDirection: 'IN',
        messageId: expect.stringMatching(id),
      },
      body: '{"text": "grüße"}',
      isBase64Encoded: false,
    });
    expect(world.connects[0]?.requestContext).not.toHaveProperty('messageId');
  });

  test('a $disconnect event has synthetic headers, the code and the reason, and no query', async () => {
    const world = await World.start({}, { domainName: 'x.execute-api.us-east-1.amazonaws.com' });
    const client = await connect(`${world.gateway.url}?path=%2Ffoo`);
    await client.close(4000, 'enough');
    await world.ended();
    const host = 'x.execute-api.us-east-1.amazonaws.com';
    const [event] = world.disconnects;
    expect(event).toEqual({
      headers: { Host: host, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' },
      multiValueHeaders: { Host: [host], 'x-api-key': [''], 'X-Forwarded-For': [''], 'x-restapi': [''] },
      requestContext: {
        ...world.connects[0]?.requestContext,
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        disconnectStatusCode: 4000,
        disconnectReason: 'enough',
        requestId: expect.stringMatching(id),
        extendedRequestId: event?.requestContext.requestId,
        requestTimeEpoch: expect.any(Number),
        requestTime: expect.any(String),
      },
      isBase64Encoded: false,
    });
  });

  test('requestId is extendedRequestId, another for each event; connectionId and connectedAt stay for life', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    client.send('one');
    client.send('two');
    await client.close();
    await world.ended();
    const contexts = [...world.connects, ...world.messages, ...world.disconnects].map(
      ({ requestContext }) => requestContext,
    );
    expect(contexts).toHaveLength(4);
    expect(contexts.filter((context) => context.requestId !== context.extendedRequestId)).toEqual([]);
    expect(new Set(contexts.map(({ requestId }) => requestId)).size).toBe(4);
    expect(new Set(contexts.map(({ connectionId }) => connectionId)).size).toBe(1);
    expect(new Set(contexts.map(({ connectedAt }) => connectedAt)).size).toBe(1);
  });

  test('identity has the peer address and, only if the client named one, the user agent, on every event', async () => {
    const world = await World.start();
    const silent = await connect(world.gateway.url);
    const named = await connect(world.gateway.url, { headers: { 'user-agent': 'curious/1.0' } });
    for (const client of [silent, named]) {
      client.send('m');
      await client.close();
    }
    await world.ended(2);
    for (const events of [world.connects, world.messages, world.disconnects]) {
      expect(events.map(({ requestContext }) => requestContext.identity)).toEqual([
        { sourceIp: '127.0.0.1' },
        { sourceIp: '127.0.0.1', userAgent: 'curious/1.0' },
      ]);
    }
  });

  test('a Lambda gets a copy of its event, so nothing that it does to it is seen by another', async () => {
    const world = await World.start({
      $default: async (event) =>
        Object.assign(event.requestContext, { stage: `${event.requestContext.stage}!` }),
    });
    const { client } = await world.enter();
    world.faults.duplicateMessage = 1;
    client.send('m');
    await eventually('both are invoked', () => world.messages.length === 2);
    expect(world.messages.map(({ requestContext }) => requestContext.stage)).toEqual([
      'production!',
      'production!',
    ]);
  });

  test('headers that API Gateway knows have canonical names, any other the case that the client gave it', async () => {
    const world = await World.start();
    const headers = { 'sec-websocket-protocol': 'chat', 'x-My-HEADER': 'mine', origin: 'http://a.example' };
    connecting(world, headers);
    await eventually('it connects', () => world.connects.length === 1);
    const [event] = world.connects as ConnectEvent[];
    expect(Object.keys(event?.headers ?? {})).toEqual([
      'Host',
      'Sec-WebSocket-Version',
      'Sec-WebSocket-Key',
      'Sec-WebSocket-Protocol',
      'x-My-HEADER',
      'origin',
      'X-Amzn-Trace-Id',
      'X-Forwarded-For',
      'X-Forwarded-Port',
      'X-Forwarded-Proto',
    ]);
  });

  test('Connection, Upgrade and Content-Length are not passed on; trace id and forwarding headers are added', async () => {
    const world = await World.start();
    await connect(world.gateway.url, { headers: { 'Content-Length': '0' } });
    const [event] = world.connects as ConnectEvent[];
    const names = Object.keys(event?.headers ?? {}).map((name) => name.toLowerCase());
    expect(names.filter((name) => ['connection', 'upgrade', 'content-length'].includes(name))).toEqual([]);
    expect(event?.headers).toMatchObject({
      'X-Amzn-Trace-Id': expect.stringMatching(/^Root=1-[\da-f]{8}-[\da-f]{24}$/),
      'X-Forwarded-For': '127.0.0.1',
      'X-Forwarded-Port': '443',
      'X-Forwarded-Proto': 'https',
    });
  });

  test('what headers say is text, decoded as UTF-8', async () => {
    const world = await World.start();
    const city = Buffer.from('Łódź').toString('latin1');
    await connect(world.gateway.url, { headers: { 'cf-ipcity': city } });
    const [event] = world.connects as ConnectEvent[];
    expect(event?.multiValueHeaders['cf-ipcity']).toEqual(['Łódź']);
  });

  test('X-Forwarded-For ends with the peer address, behind whatever the client claims', async () => {
    const world = await World.start();
    await connect(world.gateway.url, { headers: { 'x-forwarded-for': '6.6.6.6' } });
    const [event] = world.connects as ConnectEvent[];
    expect(event?.multiValueHeaders['X-Forwarded-For']).toEqual(['6.6.6.6, 127.0.0.1']);
    expect(event?.requestContext.identity.sourceIp).toBe('127.0.0.1');
  });
});
