import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpsClient, type HttpsRequest } from '../../../functions/aws/client/https-client.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { portOf } from '../../contract/ports/port-of.ts';
import { type RawHandler, RawServer } from '../../contract/ports/raw-server.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { ChildApp } from '../../support/child-app.ts';
import { eventually } from '../../support/eventually.ts';

const servers: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(handler: RawHandler, clock = new ManualClock()) {
  const server = new RawServer(handler);
  servers.push(server);
  const url = await server.listen();
  return { server, url, origin: new HttpsClient(new URL(url), clock) };
}

function aRequest(given: Partial<HttpsRequest> = {}): HttpsRequest {
  return { method: 'POST', path: '/a%3D', headers: {}, body: 'dr😀i', ...given };
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'an answer',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

describe('a request', () => {
  test('stands on the wire as it was given, with the length of its body in bytes', async () => {
    const { server, url, origin } = await start((connection) => connection.write(ok));
    expect(await origin.call(aRequest({ headers: { 'x-amz-date': 'now' } }))).toEqual({
      status: 200,
      errorType: '',
      body: 'ok',
    });
    const [head = '', body] = (server.requests[0] ?? '').split('\r\n\r\n');
    expect(Buffer.from(body ?? '', 'latin1').toString()).toBe('dr😀i');
    expect(head.split('\r\n').sort()).toEqual([
      'POST /a%3D HTTP/1.1',
      'connection: keep-alive',
      'content-length: 7',
      `host: ${new URL(url).host}`,
      'x-amz-date: now',
    ]);
  });

  test('whose header could not be written is a fault of its own', async () => {
    const { server, origin } = await start((connection) => connection.write(ok));
    expect(await codeOf(origin.call(aRequest({ headers: { 'x-amz-date': 'a\r\nb' } })))).toBe(
      'ERR_INVALID_CHAR',
    );
    expect(server.requests).toEqual([]);
  });

  test.for(['GET', 'DELETE'] as const)('of method %s has an empty body', async (method) => {
    const { server, origin } = await start((connection) => connection.write(ok));
    await origin.call(aRequest({ method, body: '' }));
    expect(server.requests[0]).toContain(`${method} /a%3D HTTP/1.1`);
  });
});

describe('an answer', () => {
  test('says which error it is', async () => {
    const { origin } = await start((connection) =>
      connection.write('HTTP/1.1 410 Gone\r\nx-amzn-ErrorType: GoneException\r\ncontent-length: 0\r\n\r\n'),
    );
    expect(await origin.call(aRequest())).toEqual({ status: 410, errorType: 'GoneException', body: '' });
  });

  test('of more than 4,194,304 bytes is a fault', async () => {
    const body = 'x'.repeat(4_194_304);
    const { origin } = await start((connection, request) => {
      const extra = request.startsWith('GET') ? '' : 'x';
      connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${(body + extra).length}\r\n\r\n${body}${extra}`);
    });
    expect(await codeOf(origin.call(aRequest()))).toBe('EMSGSIZE');
    expect((await origin.call(aRequest({ method: 'GET' }))).body.length).toBe(4_194_304);
  });

  test('that is cut off is a fault', async () => {
    const { origin } = await start((connection) =>
      connection.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'),
    );
    expect(await codeOf(origin.call(aRequest()))).toBe('ECONNRESET');
  });
});

/** A server that says its port, and accepts nobody: once its queue is full, connections to it don't come about. */
const fullServer = `
  const net = require('node:net');
  const server = net.createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    const { port } = server.address();
    for (let at = 0; at < 8; at++) net.connect(port, '127.0.0.1');
    const stand = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    process.nextTick(() => {
      process.stdout.write(port + '\\n');
      stand();
    });
  });
`;

describe('the timeouts of a call', () => {
  const impatient = { connectMs: 60, answerMs: 120 };

  test('ends while a server keeps silent', async () => {
    const { server, url } = await start(() => {});
    const origin = new HttpsClient(new URL(url), systemClock, impatient);
    await expect(origin.call(aRequest())).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'No answer in time.',
    });
    await eventually('the connection is given up', () => server.counts.closed === 1);
    expect(server.requests).toHaveLength(1);
  });

  test('ends while an answer trickles', async () => {
    const { url } = await start((connection) =>
      connection.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'),
    );
    const origin = new HttpsClient(new URL(url), systemClock, impatient);
    expect(await codeOf(origin.call(aRequest()))).toBe('ETIMEDOUT');
  });

  test('ends while a connection does not come about, after a second try', async () => {
    const server = await ChildApp.start(process.execPath, ['-e', fullServer], {}, { listening: /\n/ });
    servers.push(server);
    const url = `http://127.0.0.1:${Number(server.output)}`;
    const origin = new HttpsClient(new URL(url), systemClock, { connectMs: 60, answerMs: 10_000 });
    const started = performance.now();
    await expect(origin.call(aRequest())).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'No connection in time.',
    });
    expect(performance.now() - started).toBeGreaterThan(115);
  });

  test('for a connection lasts until TLS stands', async () => {
    const { url } = await start(() => {});
    // The server takes TCP connections and never says a word of TLS.
    const tls = new URL(url.replace('http:', 'https:'));
    const origin = new HttpsClient(tls, systemClock, impatient);
    await expect(origin.call(aRequest())).rejects.toMatchObject({
      message: 'No connection in time.',
      mayBeDone: false,
    });
  });

  test('does not count the time that this process had no CPU', async () => {
    const { server, url } = await start((connection) => connection.write(ok));
    const origin = new HttpsClient(new URL(url), systemClock, { connectMs: 60, answerMs: 10_000 });
    const call = origin.call(aRequest());
    // The connection is on its way by then, and nothing has been heard of it.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const until = performance.now() + 100;
    while (performance.now() < until);
    expect((await call).status).toBe(200);
    expect(server.counts.opened).toBe(1);
  });

  test('does not end early while an answer takes longer than a connection may', async () => {
    const { url } = await start((connection) => void setTimeout(() => connection.write(ok), 150));
    const origin = new HttpsClient(new URL(url), systemClock, { connectMs: 60, answerMs: 10_000 });
    expect((await origin.call(aRequest())).status).toBe(200);
  });
});

describe('a connection', () => {
  test('is kept for the next request', async () => {
    const { server, origin } = await start((connection) => connection.write(ok));
    for (let at = 0; at < 3; at++) await origin.call(aRequest());
    expect(server.counts.opened).toBe(1);
  });

  test('is not used again after 4 seconds, when the other end may have hung up unnoticed', async () => {
    const clock = new ManualClock();
    const { server, origin } = await start((connection) => connection.write(ok), clock);
    await origin.call(aRequest());
    await clock.advance(3_999);
    await origin.call(aRequest());
    expect(server.counts.opened).toBe(1);
    await clock.advance(4_000);
    await origin.call(aRequest());
    expect(server.counts.opened).toBe(2);
  });

  test('is there for each of so many requests at once as it may, and no more', async () => {
    const held: Socket[] = [];
    const { server, url } = await start((connection) => void held.push(connection));
    const origin = new HttpsClient(new URL(url), systemClock, { connections: 40 });
    const calls = Array.from({ length: 50 }, () => origin.call(aRequest()));
    await eventually('40 requests', () => held.length === 40);
    for (const connection of held.splice(0)) connection.write(ok);
    await eventually('the others', () => held.length === 10);
    for (const connection of held) connection.write(ok);
    expect((await Promise.all(calls)).every(({ status }) => status === 200)).toBe(true);
    expect(server.counts.opened).toBe(40);
  });

  test('is waited for without the time of an answer running', async () => {
    const { url } = await start((connection) => void setTimeout(() => connection.write(ok), 250));
    const reach = { connections: 1, answerMs: 1_000 };
    const origin = new HttpsClient(new URL(url), systemClock, reach);
    const calls = Array.from({ length: 6 }, () => origin.call(aRequest()));
    expect((await Promise.all(calls)).every(({ status }) => status === 200)).toBe(true);
  });

  test('that a request never had was not its turn: nothing was sent when its time is over', async () => {
    const { server, url } = await start(() => {});
    const origin = new HttpsClient(new URL(url), systemClock, { connections: 1 });
    const first = codeOf(origin.call(aRequest(), { totalMs: 750 }));
    const second = origin.call(aRequest(), { totalMs: 250 });
    await expect(second).rejects.toMatchObject({ code: 'ETIMEDOUT', mayBeDone: false });
    expect(await first).toBe('ETIMEDOUT');
    expect(server.requests).toHaveLength(1);
  });

  test('is opened four at a time at most, and none that is being opened is given up for another', async () => {
    const hellos: Socket[] = [];
    const slow = createServer((connection) => void hellos.push(connection));
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    // It takes TCP connections and never says a word of TLS.
    const url = new URL(`https://127.0.0.1:${portOf(slow)}`);
    const origin = new HttpsClient(url, systemClock, { connectMs: 10_000, answerMs: 50 });
    // Those that opened one wait the longest, so that no other is left to open one after them.
    const call = (_: unknown, at: number) =>
      codeOf(origin.call(aRequest(), { totalMs: at < 4 ? 1_000 : 250 }));
    const calls = Array.from({ length: 20 }, call);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['ETIMEDOUT']));
    expect(hellos).toHaveLength(4);
    for (const connection of hellos) connection.destroy();
    slow.close();
  });
});

describe('a connection that breaks', () => {
  /** Answers the first request of each connection, and hangs up on the second. */
  const fickle = () => {
    const seen = new WeakSet<Socket>();
    const handler: RawHandler = (connection) => {
      if (seen.has(connection)) connection.destroy();
      else connection.write(ok);
      seen.add(connection);
    };
    return start(handler);
  };

  test('after a POST was sent is a fault: it may have been delivered, and is not repeated', async () => {
    const { server, origin } = await fickle();
    await origin.call(aRequest());
    expect(await codeOf(origin.call(aRequest()))).toBe('ECONNRESET');
    expect(server.requests).toHaveLength(2);
  });

  test.for(['GET', 'DELETE'] as const)('after a %s was sent has it made once more', async (method) => {
    const { server, origin } = await fickle();
    await origin.call(aRequest({ method }));
    expect((await origin.call(aRequest({ method }))).status).toBe(200);
    expect(server.requests).toHaveLength(3);
    expect(server.counts.opened).toBe(2);
  });

  test('before a POST could be sent has it made on a fresh one', async () => {
    const connections: Socket[] = [];
    const { server, origin } = await start((connection) => {
      if (!connections.includes(connection)) connections.push(connection);
      connection.write(ok);
    });
    await origin.call(aRequest());
    // A reset that the other side has had no chance to notice.
    connections[0]?.resetAndDestroy();
    expect((await origin.call(aRequest())).status).toBe(200);
    expect(server.requests).toHaveLength(2);
    expect(server.counts.opened).toBe(2);
  });

  test('again and again is a fault after the second try', async () => {
    const { server, origin } = await start((connection) => connection.destroy());
    expect(await codeOf(origin.call(aRequest({ method: 'DELETE' })))).toBe('ECONNRESET');
    expect(server.requests).toHaveLength(2);
  });

  test('because nobody listens is a fault', async () => {
    const { server, origin } = await start(() => {});
    await server.stop();
    expect(await codeOf(origin.call(aRequest()))).toBe('ECONNREFUSED');
  });
});
