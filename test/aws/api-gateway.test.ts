import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';
import type { Routes } from './api-gateway/api.ts';
import { ApiGateway, type ApiGatewayOptions } from './api-gateway/api-gateway.ts';
import type { ConnectEvent, DisconnectEvent, MessageEvent, RequestContext } from './api-gateway/events.ts';

const id = /^[\w-]{15}=$/;
const ok = { statusCode: 200 };
const authorization = `AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;

/** An API with Lambdas that write down what they get, and then do as the test says. */
class World {
  readonly connects: (ConnectEvent | MessageEvent)[] = [];
  readonly messages: MessageEvent[] = [];
  readonly disconnects: (DisconnectEvent | MessageEvent)[] = [];
  readonly gateway: ApiGateway;

  private constructor(gateway: ApiGateway) {
    this.gateway = gateway;
  }

  static async start(
    lambdas: Routes = {},
    options: Omit<Partial<ApiGatewayOptions>, 'routes'> = {},
  ): Promise<World> {
    const routes: Routes = {
      $connect: async (event) => {
        world.connects.push(event);
        return lambdas.$connect === undefined ? ok : lambdas.$connect(event);
      },
      $default: async (event) => {
        world.messages.push(event);
        return lambdas.$default === undefined ? ok : lambdas.$default(event);
      },
      $disconnect: async (event) => {
        world.disconnects.push(event);
        return lambdas.$disconnect === undefined ? ok : lambdas.$disconnect(event);
      },
    };
    const gateway = await ApiGateway.start({ routes, ...options });
    const world = new World(gateway);
    running.push(gateway);
    return world;
  }

  get faults(): ApiGateway['faults'] {
    return this.gateway.faults;
  }

  /** A client that is in, and its id. */
  async enter(): Promise<{ client: Client; connectionId: string }> {
    const client = await connect(this.gateway.url);
    const { connectionId } = this.connects.at(-1)?.requestContext ?? { connectionId: '' };
    return { client, connectionId };
  }

  /** A signed call of the management API. */
  call(method: string, connectionId: string, body?: string): Promise<Response> {
    const url = `${this.gateway.endpoint}/@connections/${encodeURIComponent(connectionId)}`;
    return fetch(url, { method, headers: { authorization }, ...(body !== undefined && { body }) });
  }

  /** The bodies of the messages, in the order in which they were invoked. */
  get bodies(): string[] {
    return this.messages.map(({ body }) => body);
  }

  /** The codes and reasons of all ends. */
  get ends(): unknown[] {
    return this.disconnects.map(({ requestContext: context }) =>
      'disconnectReason' in context ? [context.disconnectStatusCode, context.disconnectReason] : context,
    );
  }

  async ended(count = 1): Promise<unknown[]> {
    await eventually(`${count} ends`, () => this.disconnects.length >= count);
    await this.gateway.settled();
    return this.ends;
  }
}

const running: ApiGateway[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

const never = (): Promise<never> => new Promise(() => {});

/** A TCP client that asks for an upgrade, its headers byte for byte; what it gets, and how it leaves. */
function connecting(world: World, headers: Readonly<Record<string, string>> = {}) {
  const { port, pathname } = new URL(world.gateway.url);
  const answer: string[] = [];
  const bytes = upgradeRequest(pathname, headers);
  const socket = connectTcp(Number(port), '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (chunk) => answer.push(String(chunk)));
  socket.on('error', () => {});
  return { answer, leave: () => socket.destroy() };
}

const frame = (message: string, { connectionId, requestId }: RequestContext): string =>
  `{"message": "${message}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`;

test('each rule that is emulated has a test of its name, and each test a rule', () => {
  const folder = new URL('api-gateway/', import.meta.url);
  const rules = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/^ \* - (.+)$/gm)].map(([, rule]) => rule),
  );
  const tests = [...readFileSync(new URL(import.meta.url), 'utf8').matchAll(/^ {2}test\('(.+)',/gm)].map(
    ([, name]) => name,
  );
  expect(rules.length).toBeGreaterThan(50);
  expect(tests.sort()).toEqual(rules.sort());
});

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

describe('an end', () => {
  test('a client that closes without a code is told as 1005, "Client-side close frame status not set"', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    client.ws.close();
    expect(await world.ended()).toEqual([[1005, 'Client-side close frame status not set']]);
  });

  test('a client that closes with a code is told with its own code and reason', async () => {
    const world = await World.start();
    await (await world.enter()).client.close(1001);
    await (await world.enter()).client.close(3999, 'bye');
    expect(await world.ended(2)).toEqual([
      [1001, ''],
      [3999, 'bye'],
    ]);
  });

  test('a client that vanishes is told as 1006 with an empty reason', async () => {
    const world = await World.start();
    (await world.enter()).client.ws.terminate();
    expect(await world.ended()).toEqual([[1006, '']]);
  });

  test('$disconnect comes once when a connection ends, and what it returns or throws matters to nobody', async () => {
    const outcomes = [() => Promise.reject(new Error('no')), async () => 'what?', async () => ok];
    const world = await World.start({ $disconnect: () => outcomes.pop()?.() ?? Promise.resolve() });
    for (let at = 1; at <= 3; at++) {
      const { client, connectionId } = await world.enter();
      const [, deleted] = await Promise.all([client.close(), world.call('DELETE', connectionId)]);
      expect([204, 410]).toContain(deleted.status);
      expect(await world.ended(at)).toHaveLength(at);
    }
  });

  test('the fault dropDisconnect: it never comes', async () => {
    const world = await World.start();
    world.faults.dropDisconnect = 1;
    await (await world.enter()).client.close(4001);
    await (await world.enter()).client.close(4002);
    expect(await world.ended()).toEqual([[4002, '']]);
  });

  test('the fault doubleDisconnect: it comes twice', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    world.faults.doubleDisconnect = (named) => named === connectionId;
    await (await world.enter()).client.close(4001);
    await world.ended();
    await client.close(4002);
    expect(await world.ended(3)).toEqual([
      [4001, ''],
      [4002, ''],
      [4002, ''],
    ]);
  });
});

describe('an open connection', () => {
  test('a binary frame is refused with 1003', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    client.send(Buffer.from('m'));
    expect(await client.closed).toEqual({ code: 1003, reason: '' });
    expect(await world.ended()).toEqual([[1003, '']]);
    expect(world.messages).toEqual([]);
  });

  test('a message of more than 128 KiB is refused with 1009, however it is fragmented', async () => {
    const world = await World.start({}, { limits: { frameBytes: 1_000_000 } });
    const whole = await world.enter();
    whole.client.send('x'.repeat(131_072));
    await eventually('128 KiB are fine', () => world.messages.length === 1);
    whole.client.send('x'.repeat(131_073));
    expect((await whole.client.closed).code).toBe(1009);
    const { client } = await world.enter();
    for (let at = 0; at < 5; at++) client.ws.send('x'.repeat(30_000), { fin: at === 4 });
    expect((await client.closed).code).toBe(1009);
    expect(await world.ended(2)).toEqual([
      [1009, ''],
      [1009, ''],
    ]);
    expect(world.messages).toHaveLength(1);
  });

  test('a frame of more than 32 KiB is refused with 1009, and fragments of 32 KiB are welcome', async () => {
    const world = await World.start();
    const { client } = await world.enter();
    const sizes = [0, 125, 126, 127, 255, 256, 32_767, 32_768];
    for (let round = 0; round < 20; round++) {
      for (const size of sizes) client.send('x'.repeat(size));
      for (let at = 0; at < 4; at++) client.ws.send('x'.repeat(32_768), { fin: at === 3 });
      client.ws.ping('p');
    }
    await eventually('all are there', () => world.messages.length === 20 * 9);
    expect(world.bodies.slice(0, 9).map(({ length }) => length)).toEqual([...sizes, 131_072]);
    client.send('x'.repeat(32_769));
    expect((await client.closed).code).toBe(1009);
    expect(await world.ended()).toEqual([[1009, '']]);
    expect(world.messages).toHaveLength(20 * 9);
  });

  test('a connection without messages is closed with 1001, "Going away", after 10 minutes; pings do not count', async () => {
    const world = await World.start({}, { limits: { idleMs: 200 } });
    const { client } = await world.enter();
    const pinging = setInterval(() => client.ws.readyState === 1 && client.ws.ping(), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(pinging);
    expect(await world.ended()).toEqual([[1001, 'Going away']]);
  });

  test('messages in either direction, and the MOCK route, keep a connection from idling out', async () => {
    const world = await World.start({}, { limits: { idleMs: 400 } });
    const [sending, pinging, sent] = [await world.enter(), await world.enter(), await world.enter()];
    const busy = setInterval(() => {
      sending.client.send('m');
      pinging.client.send('{"sockethook":"ping"}');
      void world.call('POST', sent.connectionId, 'm').catch(() => {});
    }, 50);
    for (let at = 0; at < 2; at++) await (await world.enter()).client.closed;
    clearInterval(busy);
    expect([sending, pinging, sent].map(({ client }) => client.ws.readyState)).toEqual([1, 1, 1]);
  });

  test('a connection is closed with 1001, "Going away", after 2 hours, however busy it is', async () => {
    const world = await World.start({}, { limits: { lifeMs: 300, idleMs: 200 } });
    const { client } = await world.enter();
    const busy = setInterval(() => client.ws.readyState === 1 && client.send('m'), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(busy);
    expect(await world.ended()).toEqual([[1001, 'Going away']]);
    expect(world.messages.length).toBeGreaterThan(2);
  });
});

describe('an upgrade', () => {
  test('an upgrade at any path but the stage, with or without a slash behind it, is 403 and invokes nothing', async () => {
    const world = await World.start({}, { stage: 'v1' });
    const { origin } = new URL(world.gateway.url.replace('ws:', 'http:'));
    const base = origin.replace('http:', 'ws:');
    for (const path of ['', '/', '/v2', '/V1', '/v1/foo', '/v1//', '/v1/@connections/a']) {
      expect([path, (await refused(`${base}${path}`)).status]).toEqual([path, 403]);
    }
    expect(world.connects).toEqual([]);
    for (const path of ['/v1', '/v1/', '/v1?a=b', '/v1/?a=b']) await connect(`${base}${path}`);
    expect(world.connects).toHaveLength(4);
  });

  test('an upgrade that is no WebSocket handshake is 400 and invokes nothing', async () => {
    const world = await World.start();
    const { port, pathname } = new URL(world.gateway.url);
    const broken = [
      { 'Sec-WebSocket-Version': '8' },
      { 'Sec-WebSocket-Key': 'short' },
      { Upgrade: 'h2c' },
    ] as const;
    for (const headers of broken) {
      const answer = await rawRequest(Number(port), upgradeRequest(pathname, { ...headers }));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(world.connects).toEqual([]);
  });

  test('a refusal has a JSON body with a message and the ids, and no $disconnect follows it', async () => {
    const world = await World.start({ $connect: async () => ({ statusCode: 401 }) });
    const { status, headers, body } = await refused(world.gateway.url);
    expect([status, headers['content-type']]).toEqual([401, 'application/json']);
    expect(body).toBe(frame('Unauthorized', world.connects[0]!.requestContext));
    await world.gateway.settled();
    expect(world.disconnects).toEqual([]);
  });

  test('without a $connect route everybody is let in', async () => {
    const gateway = await ApiGateway.start({ routes: {} });
    running.push(gateway);
    await connect(gateway.url);
    expect(gateway.connectionIds).toHaveLength(1);
  });

  test('the 101 comes after $connect has returned, and has no subprotocol unless the Lambda chose one', async () => {
    const { open, opened } = gate();
    const world = await World.start({ $connect: () => opened.then(() => ok) });
    const pending = connect(world.gateway.url, { protocols: ['chat'] });
    await eventually('it connects', () => world.connects.length === 1);
    expect(world.gateway.connectionIds).toEqual([]);
    open();
    await expect(pending).rejects.toThrow('Server sent no subprotocol');
  });

  test('a client that leaves while $connect runs is told as 1006 once $connect has let it in, else not at all', async () => {
    const { open, opened } = gate();
    let leaving = 0;
    const world = await World.start({
      $connect: () => {
        const statusCode = leaving++ === 0 ? 403 : 200;
        return opened.then(() => ({ statusCode }));
      },
    });
    const refusedOne = connecting(world);
    await eventually('one waits', () => world.connects.length === 1);
    const accepted = connecting(world);
    await eventually('two wait', () => world.connects.length === 2);
    refusedOne.leave();
    accepted.leave();
    // Whoever comes last shows that the leaves were seen before.
    const { client } = await enterAfterLeaves(world, open);
    expect(await world.ended()).toEqual([[1006, '']]);
    expect(world.disconnects[0]?.requestContext.connectionId).toBe(
      world.connects[1]?.requestContext.connectionId,
    );
    await client.close();
  });

  test('the fault earlyDisconnect: it is told at once, before $connect has returned', async () => {
    const { open, opened } = gate();
    const world = await World.start({ $connect: () => opened.then(() => ok) });
    world.faults.earlyDisconnect = 1;
    const client = connecting(world);
    await eventually('it connects', () => world.connects.length === 1);
    client.leave();
    await eventually('it is told', () => world.ends.length === 1);
    open();
    expect(await world.ended()).toEqual([[1006, '']]);
    expect(world.gateway.connectionIds).toEqual([]);
  });

  test('the fault doubleConnect: $connect is invoked twice at once, and the client gets what the first comes to', async () => {
    const { open, opened } = gate();
    let invoked = 0;
    const world = await World.start({
      $connect: async () => {
        invoked += 1;
        if (invoked > 1) return { statusCode: 500 };
        await opened;
        return ok;
      },
    });
    world.faults.doubleConnect = 1;
    const client = connect(world.gateway.url);
    await eventually('both are under way', () => world.connects.length === 2);
    open();
    await (await client).close();
    expect(world.connects[1]).toEqual(world.connects[0]);
    await world.enter().catch(() => {});
    expect(world.connects).toHaveLength(3);
  });

  test('the fault repeatConnect: $connect is invoked again when it has returned, and that matters to nobody', async () => {
    const { open, opened } = gate();
    let invoked = 0;
    const world = await World.start({
      $connect: async () => {
        invoked += 1;
        if (invoked > 1) return { statusCode: 500 };
        await opened;
        return ok;
      },
    });
    world.faults.repeatConnect = 1;
    const client = connect(world.gateway.url);
    await eventually('it connects', () => world.connects.length === 1);
    open();
    const { ws } = await client;
    await eventually('it was invoked again', () => invoked === 2);
    expect(world.connects[1]).toEqual(world.connects[0]);
    await world.gateway.settled();
    expect([ws.readyState, world.gateway.connectionIds.length, world.ends]).toEqual([ws.OPEN, 1, []]);
  });

  test('a status of 2xx lets the client in, and of its headers only Sec-WebSocket-Protocol is passed on', async () => {
    const headers = { 'Sec-WebSocket-Protocol': 'chat', 'Set-Cookie': 'a=b', 'X-Mine': 'm' };
    const world = await World.start({ $connect: async () => ({ statusCode: 204, headers, body: 'hello' }) });
    const { answer } = connecting(world, { 'Sec-WebSocket-Protocol': 'superchat, chat' });
    await eventually('the answer is there', () => answer.join('').includes('\r\n\r\n'));
    const received = answer.join('');
    const [first, ...lines] = received.split('\r\n');
    expect(first).toBe('HTTP/1.1 101 Switching Protocols');
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'Upgrade',
      'Connection',
      'Sec-WebSocket-Accept',
      'Sec-WebSocket-Protocol',
      '',
      '',
    ]);
    expect(received).toContain('Sec-WebSocket-Protocol: chat\r\n');
  });

  test('the name of the Sec-WebSocket-Protocol header may be written in any case', async () => {
    const headers = { 'sec-websocket-PROTOCOL': 'chat' };
    const world = await World.start({ $connect: async () => ({ statusCode: 200, headers }) });
    const client = await connect(world.gateway.url, { protocols: ['chat'] });
    expect(client.ws.protocol).toBe('chat');
  });

  test('any other status is the status of the upgrade, and nothing else of the response is passed on', async () => {
    const statuses = [302, 400, 403, 404, 429, 500, 501, 502, 503];
    let statusCode = 0;
    const world = await World.start({
      $connect: async () => ({ statusCode, headers: { 'X-Mine': 'm' }, body: 'my secret' }),
    });
    for (statusCode of statuses) {
      const { status, headers, body } = await refused(world.gateway.url);
      expect([status, headers['x-mine'], body.includes('secret')]).toEqual([statusCode, undefined, false]);
    }
  });

  test('a $connect that throws is 502, "Internal server error"', async () => {
    const world = await World.start({ $connect: () => Promise.reject(new Error('no')) });
    const { status, body } = await refused(world.gateway.url);
    expect(status).toBe(502);
    expect(body).toBe(frame('Internal server error', world.connects[0]!.requestContext));
  });

  test('a $connect that returns no status is 502, "Internal server error"', async () => {
    const malformed = [undefined, 'ok', {}, { statusCode: '200' }, { statusCode: 101 }, { ...ok, body: {} }];
    let returned: unknown;
    const world = await World.start({ $connect: async () => returned });
    for (returned of malformed) expect((await refused(world.gateway.url)).status).toBe(502);
  });

  test('a $connect that takes too long is 504, "Endpoint request timed out"', async () => {
    const world = await World.start({ $connect: never }, { limits: { integrationTimeoutMs: 50 } });
    const { status, body } = await refused(world.gateway.url);
    expect(status).toBe(504);
    expect(body).toBe(frame('Endpoint request timed out', world.connects[0]!.requestContext));
  });

  test('a Lambda that takes longer than the integration time-out is not waited for', async () => {
    const world = await World.start({ $disconnect: never }, { limits: { integrationTimeoutMs: 50 } });
    await (await world.enter()).client.close();
    expect(await world.ended()).toHaveLength(1);
  });

  test('what a Lambda throws, even too late, is kept for the test to look at', async () => {
    const { open, opened } = gate();
    const fail = async ({ body }: MessageEvent): Promise<unknown> => {
      if (body === 'late') await opened;
      throw new Error(body);
    };
    const world = await World.start({ $default: fail }, { limits: { integrationTimeoutMs: 50 } });
    const { client } = await world.enter();
    for (const body of ['late', 'early']) client.send(body);
    expect((await client.take(2)).map((text) => JSON.parse(text).message)).toEqual([
      'Internal server error',
      'Endpoint request timed out',
    ]);
    open();
    await eventually('both have thrown', () => world.gateway.lambdaErrors.length === 2);
    expect(world.gateway.lambdaErrors).toEqual([new Error('early'), new Error('late')]);
  });

  test('a plain GET outside of @connections is 426, any other method 403', async () => {
    const world = await World.start();
    const { origin } = new URL(world.gateway.endpoint);
    for (const path of ['/', '/production', '/production/', '/other/path']) {
      const got = await fetch(`${origin}${path}`);
      expect([path, got.status, await got.text()]).toEqual([path, 426, '{"message":"Upgrade Required"}']);
      const posted = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { authorization },
        body: 'm',
      });
      expect([path, posted.status, await posted.text()]).toEqual([path, 403, '{"message":"Forbidden"}']);
    }
  });

  test('after stop every connection is gone and nothing is invoked any more', async () => {
    const world = await World.start({ $default: never });
    const { client } = await world.enter();
    client.send('m');
    await eventually('it runs', () => world.messages.length === 1);
    await world.gateway.stop();
    expect((await client.closed).code).toBe(1006);
    await expect(fetch(world.gateway.endpoint)).rejects.toThrow();
    expect(world.disconnects).toEqual([]);
  });
});

/** Lets everybody in once one more client has been heard, whose bytes came after all others'. */
async function enterAfterLeaves(world: World, open: () => void): Promise<{ client: Client }> {
  const pending = connect(world.gateway.url);
  await eventually('the last one waits', () => world.connects.length === 3);
  open();
  return { client: await pending };
}

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
    expect([world.connects.length, world.disconnects.length]).toEqual([1, 0]);
  });

  test('a message with "sockethook": "ping" goes to the MOCK route, which invokes nothing and returns nothing', async () => {
    const world = await World.start(
      { $default: async ({ body }) => ({ ...ok, body }) },
      { returnResponse: true },
    );
    const { client } = await world.enter();
    for (const body of ['{"sockethook":"ping"}', ' { "a": 1, "sockethook" : "ping" } ', 'after']) {
      client.send(body);
    }
    expect(await client.next()).toBe('after');
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
    const gateway = await ApiGateway.start({ routes: {} });
    running.push(gateway);
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
    expect([world.connects[1], world.disconnects[0]]).toMatchObject([
      { requestContext: { eventType: 'MESSAGE', routeKey: '$connect' }, body: '{"sockethook":"$connect"}' },
      { requestContext: { eventType: 'MESSAGE', routeKey: '$disconnect' } },
    ]);
    expect(world.gateway.connectionIds).toHaveLength(1);
  });
});

describe('@connections', () => {
  const sdk = (endpoint: string): ApiGatewayManagementApiClient =>
    new ApiGatewayManagementApiClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
  const Data = 'grüße';
  const unknown = 'BFaT_fALIAMCKug=';

  test('POST is 200 without a body, and the client gets the bytes as a text frame', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    const isBinary = new Promise((resolve) => client.ws.once('message', (_, binary) => resolve(binary)));
    await sdk(world.gateway.endpoint).send(
      new PostToConnectionCommand({ ConnectionId: connectionId, Data: Buffer.from(Data) }),
    );
    expect([await client.next(), await isBinary]).toEqual(['grüße', false]);
    const response = await world.call('POST', connectionId, 'again');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(await client.next()).toBe('again');
  });

  test('GET is 200 with connectedAt, identity and lastActiveAt', async () => {
    const world = await World.start();
    const client = await connect(world.gateway.url, { headers: { 'User-Agent': 'curious/1.0' } });
    const { connectionId, connectedAt } = world.connects[0]!.requestContext;
    const get = new GetConnectionCommand({ ConnectionId: connectionId });
    const before = await sdk(world.gateway.endpoint).send(get);
    expect(before.ConnectedAt).toEqual(new Date(connectedAt));
    expect(before.Identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'curious/1.0' });
    await eventually('activity shows', async () => {
      client.send('m');
      const { LastActiveAt } = await sdk(world.gateway.endpoint).send(get);
      return (LastActiveAt ?? 0) > (before.LastActiveAt ?? 0);
    });
    const response = await world.call('GET', connectionId);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toEqual({
      connectedAt: new Date(connectedAt).toISOString(),
      identity: { sourceIp: '127.0.0.1', userAgent: 'curious/1.0' },
      lastActiveAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  test('DELETE is 204 without a body: the client sees 1000, and $disconnect "Connection Closed Normally"', async () => {
    const world = await World.start();
    const [first, second] = [await world.enter(), await world.enter()];
    const response = await world.call('DELETE', first.connectionId);
    expect([response.status, await response.text()]).toEqual([204, '']);
    await sdk(world.gateway.endpoint).send(
      new DeleteConnectionCommand({ ConnectionId: second.connectionId }),
    );
    for (const { client } of [first, second]) expect(await client.closed).toEqual({ code: 1000, reason: '' });
    expect(await world.ended(2)).toEqual([
      [1000, 'Connection Closed Normally'],
      [1000, 'Connection Closed Normally'],
    ]);
  });

  test('the path may say %40connections, and the id be escaped or not', async () => {
    const world = await World.start();
    const { connectionId } = await world.enter();
    for (const path of ['@connections', '%40connections']) {
      for (const named of [connectionId, encodeURIComponent(connectionId)]) {
        const url = `${world.gateway.endpoint}/${path}/${named}`;
        expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
      }
    }
  });

  test('another stage or none, a deeper path or another method is 403 {"message":"Forbidden"}', async () => {
    const world = await World.start();
    const { connectionId } = await world.enter();
    const { origin } = new URL(world.gateway.endpoint);
    const calls = [
      ['GET', `/@connections/${connectionId}`],
      ['GET', `/production/more/@connections/${connectionId}`],
      ['GET', `/other/@connections/${connectionId}`],
      ['GET', `/production/@connections/${connectionId}/more`],
      ['PUT', `/production/@connections/${connectionId}`],
      ['HEAD', `/production/@connections/${connectionId}`],
    ] as const;
    for (const [method, path] of calls) {
      const response = await fetch(`${origin}${path}`, { method, headers: { authorization } });
      expect([method, path, response.status]).toEqual([method, path, 403]);
      expect(response.headers.get('x-amzn-errortype')).toBe('ForbiddenException');
      if (method !== 'HEAD') expect(await response.text()).toBe('{"message":"Forbidden"}');
    }
  });

  test('a call without a SigV4 signature for execute-api is 403 {"message":"Forbidden"}', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    const url = `${world.gateway.endpoint}/@connections/${connectionId}`;
    const others = [
      undefined,
      'Bearer me',
      authorization.replace('execute-api', 's3'),
      authorization.slice(0, -1),
    ];
    for (const other of others) {
      const headers = { ...(other !== undefined && { authorization: other }) };
      const response = await fetch(url, { method: 'POST', headers, body: 'm' });
      expect([response.status, await response.text()]).toEqual([403, '{"message":"Forbidden"}']);
    }
    expect((await world.call('POST', connectionId, 'signed')).status).toBe(200);
    expect(await client.next()).toBe('signed');
  });

  test('an id of another form than those of API Gateway is 400, "Invalid connectionId"', async () => {
    const world = await World.start();
    for (const other of [
      'nope',
      '7c1e0ee5-6b1b-4fe1-a1ad-b5ed51a6f5a4',
      'BFaT_fALIAMCKug',
      'BFaT+fALIAMCKug=',
    ]) {
      const response = await world.call('GET', other);
      expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([
        400,
        'BadRequestException',
      ]);
      expect(await response.json()).toEqual({ message: `Invalid connectionId: ${other}` });
    }
    const url = `${world.gateway.endpoint}/@connections/%zz`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(400);
  });

  test('an id that is unknown, or not any more known, is 410 with x-amzn-ErrorType and without a body', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    await client.close();
    await world.ended();
    for (const named of [unknown, connectionId]) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const response = await world.call(method, named, method === 'POST' ? 'm' : undefined);
        expect([method, response.status, await response.text()]).toEqual([method, 410, '']);
        expect(response.headers.get('x-amzn-errortype')).toBe('GoneException');
      }
    }
  });

  test('an id is unknown to POST, GET and DELETE until the 101', async () => {
    const statuses: number[] = [];
    const world = await World.start({
      $connect: async ({ requestContext: { connectionId } }) => {
        for (const method of ['POST', 'GET', 'DELETE']) {
          const response = await world.call(method, connectionId, method === 'POST' ? 'm' : undefined);
          statuses.push(response.status);
        }
        return ok;
      },
    });
    const { client, connectionId } = await world.enter();
    expect(statuses).toEqual([410, 410, 410]);
    expect((await world.call('POST', connectionId, 'now')).status).toBe(200);
    expect(await client.next()).toBe('now');
  });

  test('a body of more than 128 KiB is 413', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    const tooLarge = await world.call('POST', connectionId, 'x'.repeat(131_073));
    expect([tooLarge.status, tooLarge.headers.get('x-amzn-errortype')]).toEqual([
      413,
      'PayloadTooLargeException',
    ]);
    expect((await world.call('POST', connectionId, 'x'.repeat(131_072))).status).toBe(200);
    expect(await client.next()).toHaveLength(131_072);
  });

  test('the AWS SDK names the errors', async () => {
    const world = await World.start();
    const { connectionId } = await world.enter();
    const named = async (
      ConnectionId: string,
      data = Data,
      endpoint = world.gateway.endpoint,
    ): Promise<unknown> =>
      sdk(endpoint)
        .send(new PostToConnectionCommand({ ConnectionId, Data: data }))
        .then(
          () => 'no error',
          ({ name, $metadata }) => [name, $metadata.httpStatusCode],
        );
    expect(await named(unknown)).toEqual(['GoneException', 410]);
    expect(await named('nope')).toEqual(['BadRequestException', 400]);
    expect(await named(connectionId, 'x'.repeat(131_073))).toEqual(['PayloadTooLargeException', 413]);
    expect(await named(connectionId, Data, `${world.gateway.endpoint}/more`)).toEqual([
      'ForbiddenException',
      403,
    ]);
    world.faults.throttled = 1;
    expect(await named(connectionId)).toEqual(['LimitExceededException', 429]);
    expect(await named(connectionId)).toBe('no error');
  });

  test('the fault gone: a POST to a living connection is 410', async () => {
    const world = await World.start();
    const [first, second] = [await world.enter(), await world.enter()];
    const statuses = async (...posts: [string, string][]): Promise<number[]> => {
      const all: number[] = [];
      for (const [named, body] of posts) all.push((await world.call('POST', named, body)).status);
      return all;
    };
    world.faults.gone = 2;
    const { connectionId } = first;
    expect(await statuses([connectionId, 'a'], [connectionId, 'b'], [connectionId, 'c'])).toEqual([
      410, 410, 200,
    ]);
    world.faults.gone = (named) => named === connectionId;
    expect(await statuses([connectionId, 'd'], [second.connectionId, 'e'])).toEqual([410, 200]);
    expect((await world.call('GET', connectionId)).status).toBe(200);
    world.faults.gone = 0;
    await world.call('POST', connectionId, 'f');
    expect(await first.client.take(2)).toEqual(['c', 'f']);
  });

  test('the fault throttled: a POST is 429', async () => {
    const world = await World.start();
    const { client, connectionId } = await world.enter();
    world.faults.throttled = 2;
    const answers = [];
    for (const body of ['a', 'b', 'c']) answers.push(await world.call('POST', connectionId, body));
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers.get('x-amzn-errortype')).toBe('LimitExceededException');
    expect(await client.next()).toBe('c');
  });

  test('the fault validAfterMs: an id is unknown for a while after the 101', async () => {
    const world = await World.start();
    world.faults.validAfterMs = 200;
    const { client, connectionId } = await world.enter();
    client.send('heard all the same');
    let refusals = 0;
    await eventually('the id is known', async () => {
      const { status } = await world.call('POST', connectionId, 'now');
      refusals += status === 410 ? 1 : 0;
      return status === 200;
    });
    expect(refusals).toBeGreaterThan(0);
    expect(await client.next()).toBe('now');
    expect(world.bodies).toEqual(['heard all the same']);
  });
});
