import { afterEach, describe, expect, test } from 'vitest';
import { connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';
import type { MessageEvent } from './api-gateway/events.ts';
import {
  authorization,
  connecting,
  enterAfterLeaves,
  frame,
  gate,
  never,
  ok,
  startWithoutRoutes,
  stopGateways,
  World,
} from './api-gateway-world.ts';

afterEach(stopGateways);

describe('an upgrade', () => {
  test('an upgrade at any path but the stage, with or without a slash behind it, is 403 and invokes nothing', async () => {
    const world = await World.start({}, { stage: 'v1' });
    const { origin } = new URL(world.gateway.url.replace('ws:', 'http:'));
    const base = origin.replace('http:', 'ws:');
    for (const path of ['', '/', '/v2', '/V1', '/v1/foo', '/v1//', '/v1/@connections/a']) {
      expect((await refused(`${base}${path}`)).status, path).toBe(403);
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
    expect(status).toBe(401);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toBe(frame('Unauthorized', world.connects[0]!.requestContext));
    await world.gateway.settled();
    expect(world.disconnects).toEqual([]);
  });

  test('without a $connect route everybody is let in', async () => {
    const gateway = await startWithoutRoutes();
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
    expect(ws.readyState).toBe(ws.OPEN);
    expect(world.gateway.connectionIds).toHaveLength(1);
    expect(world.ends).toEqual([]);
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
      expect(status).toBe(statusCode);
      expect(headers['x-mine']).toBeUndefined();
      expect(body).not.toContain('secret');
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
      expect(got.status, path).toBe(426);
      expect(await got.text(), path).toBe('{"message":"Upgrade Required"}');
      const posted = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { authorization },
        body: 'm',
      });
      expect(posted.status, path).toBe(403);
      expect(await posted.text(), path).toBe('{"message":"Forbidden"}');
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
