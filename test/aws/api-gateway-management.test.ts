import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { authorization, ok, stopGateways, World } from './api-gateway-world.ts';

afterEach(stopGateways);

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
    expect({ text: await client.next(), isBinary: await isBinary }).toEqual({
      text: 'grüße',
      isBinary: false,
    });
    const response = await world.call('POST', connectionId, 'again');
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '' });
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
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
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
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 204, body: '' });
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
      expect(response.status, `${method} ${path}`).toBe(403);
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
      expect(response.status).toBe(403);
      expect(await response.text()).toBe('{"message":"Forbidden"}');
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
      expect(response.status, other).toBe(400);
      expect(response.headers.get('x-amzn-errortype'), other).toBe('BadRequestException');
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
        expect({ status: response.status, body: await response.text() }, method).toEqual({
          status: 410,
          body: '',
        });
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
    expect(tooLarge.status).toBe(413);
    expect(tooLarge.headers.get('x-amzn-errortype')).toBe('PayloadTooLargeException');
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
