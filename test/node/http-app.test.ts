import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpApp } from '../../functions/node/http-app.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { appContract } from '../contract/ports/app.ts';
import { aRequest, rawAnswer } from '../contract/ports/app-world.ts';
import { RawServer } from '../contract/ports/raw-server.ts';
import { eventually } from '../support/eventually.ts';
import { dialing } from '../support/on-bun.ts';

const noContent = rawAnswer('HTTP/1.1 204 No Content');
const actionsHead = 'HTTP/1.1 200 OK\nContent-Type: application/vnd.sockethook+json';

appContract('app over HTTP', async (origin) => {
  const app = new HttpApp(origin, systemClock, dialing);
  return { app, stop: () => app.stop() };
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An app whose connections each do with their requests, by number from 0, what they are told. */
async function start(handle: (connection: Socket, at: number, request: string) => void) {
  const counts = new Map<Socket, number>();
  const server = new RawServer((connection, request) => {
    const at = counts.get(connection) ?? 0;
    counts.set(connection, at + 1);
    handle(connection, at, request);
  });
  const origin = await server.listen();
  const app = new HttpApp(origin, systemClock, dialing);
  stops.push(
    () => app.stop(),
    () => server.stop(),
  );
  return { app, origin, server, connections: counts };
}

/** An app that does something to each connection before it has read anything of it. */
async function startDeaf(greet: (connection: Socket) => void) {
  const started = await start(() => {});
  started.server.onConnection = (connection) => {
    connection.pause();
    greet(connection);
  };
  return started;
}

describe('an app that closes a kept connection just as a hook comes', () => {
  test.for(['end', 'resetAndDestroy'] as const)('gets it on a fresh one (%s)', async (close) => {
    const { app, origin, server } = await start((connection, at) => {
      if (at === 0) connection.write(noContent);
      else connection[close]();
    });
    for (let post = 0; post < 3; post++) {
      expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'response', status: 204 });
    }
    // The first is answered; of each of the others one was closed upon.
    expect(server.requests).toHaveLength(5);
    expect(server.counts.opened).toBe(3);
  });

  test('and every fresh one too, has broken it after two tries', async () => {
    let isDown = false;
    const { app, origin, server } = await start((connection) => {
      if (isDown) connection.end();
      else connection.write(noContent);
    });
    await app.post(aRequest(origin));
    isDown = true;
    expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
    expect(server.requests).toHaveLength(3);
  });

  test('and is gone after that, may have had it', async () => {
    const { app, origin, server } = await start((connection, at) => {
      if (at === 0) connection.write(noContent);
      else void server.stop();
    });
    await app.post(aRequest(origin));
    expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
  });

  test('but has begun to answer, does not get it again', async () => {
    const { app, origin, server } = await start((connection, at) => {
      if (at === 0) connection.write(noContent);
      else connection.end('HTTP/1.1 2');
    });
    await app.post(aRequest(origin));
    expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
    expect(server.requests).toHaveLength(2);
  });
});

test('a hook on a fresh connection that is closed upon does not come again', async () => {
  const { app, origin, server } = await start((connection) => connection.end());
  expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'broken' });
  expect(server.requests).toHaveLength(1);
});

test('what an app says without being asked is no answer to the next hook', async () => {
  const { app, origin, server, connections } = await start((connection, at) => {
    connection.write(at === 0 ? noContent : rawAnswer('HTTP/1.1 500 No\nContent-Length: 0'));
  });
  await app.post(aRequest(origin));
  const [connection] = connections.keys();
  connection?.write(rawAnswer('HTTP/1.1 418 Teapot\nContent-Length: 0'));
  await eventually('the connection is closed', () => server.counts.closed === 1);
  expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
  expect(server.counts.opened).toBe(2);
});

test('a connection that the app keeps for a second only is not used again', async () => {
  const brief = rawAnswer('HTTP/1.1 204 No Content\nKeep-Alive: timeout=1');
  const { app, origin, server } = await start((connection) => connection.write(brief));
  for (let post = 0; post < 3; post++)
    expect(await app.post(aRequest(origin))).toMatchObject({ status: 204 });
  expect(server.counts.opened).toBe(3);
});

test('connections that nobody needs any more are closed after some seconds, one after another', async () => {
  const { app, origin, server } = await start((connection) => connection.write(noContent));
  const begun = performance.now();
  await Promise.all(Array.from({ length: 5 }, () => app.post(aRequest(origin))));
  expect(server.counts).toEqual({ opened: 5, closed: 0 });
  await eventually('all are closed', () => server.counts.closed === 5);
  expect(performance.now() - begun).toBeGreaterThan(3_900);
});

test('answers that come at once, in parts, are not mixed', async () => {
  const waiting: { connection: Socket; letter: string }[] = [];
  const { app, origin } = await start((connection, _, request) => {
    const letter = request.split(' ')[1]?.at(-1) ?? '';
    waiting.push({ connection, letter });
    connection.write(rawAnswer(`${actionsHead}\nContent-Length: 20000`, letter.repeat(10_000)));
  });
  const posts = ['a', 'b', 'c'].map((path) => app.post(aRequest(origin, { path: `/${path}` })));
  await eventually('all have begun', () => waiting.length === 3);
  for (const { connection, letter } of waiting.reverse()) connection.write(letter.repeat(10_000));
  const bodies = (await Promise.all(posts)).map((answer) =>
    answer.kind === 'response' ? answer.body : answer,
  );
  expect(bodies).toEqual(['a', 'b', 'c'].map((letter) => letter.repeat(20_000)));
});

test('an app that refuses a long hook before it has read it is understood, and its connection not used again', async () => {
  let refused: Socket | undefined;
  const { app, origin, server } = await startDeaf((connection) => {
    refused = connection;
    connection.write(rawAnswer('HTTP/1.1 413 Too Large\nContent-Length: 0'));
  });
  const body = 'x'.repeat(20_000_000);
  expect(await app.post(aRequest(origin, { body }))).toMatchObject({ kind: 'response', status: 413 });
  refused?.resume();
  await eventually('the connection is closed', () => server.counts.closed === 1);
});

test.for(['/a b', '/a\r\nX: y', '/dr😀i', '/a#b', '/\x7f', '/\xe9', ''])(
  'a path that can’t stand on the wire is not sent (%j)',
  async (path) => {
    const { app, origin, server } = await start((connection) => connection.write(noContent));
    expect(await app.post(aRequest(origin, { path }))).toMatchObject({ kind: 'unreachable' });
    expect(server.counts.opened).toBe(0);
  },
);

test('a post after the end is not sent', async () => {
  const { app, origin, server } = await start((connection) => connection.write(noContent));
  await app.stop();
  expect(await app.post(aRequest(origin))).toMatchObject({ kind: 'unreachable' });
  expect(server.counts.opened).toBe(0);
});

test('an app that ends a connection before it has read the hook is not waited for', async () => {
  const { app, origin } = await startDeaf((connection) => connection.end('HTTP/1.1 2'));
  const begun = performance.now();
  const hook = aRequest(origin, { body: 'x'.repeat(20_000_000), timeoutMs: 15_000 });
  expect(await app.post(hook)).toMatchObject({ kind: 'broken' });
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('a body that never ends, and that nobody wants, costs its connection', async () => {
  const { app, origin, server } = await start((connection) => {
    connection.write(rawAnswer('HTTP/1.1 200 OK\nContent-Type: text/plain\nTransfer-Encoding: chunked'));
    const more = (): void => {
      while (connection.writable && connection.write(`400\r\n${'x'.repeat(1_024)}\r\n`));
    };
    connection.on('drain', more);
    more();
  });
  const hook = aRequest(origin, { timeoutMs: 60_000 });
  expect(await app.post(hook)).toMatchObject({ kind: 'response', status: 200 });
  await eventually('the connection is closed', () => server.counts.closed === 1);
});

test('actions in chunks of one byte each come back whole', async () => {
  const actions = JSON.stringify({ reply: 'x'.repeat(100_000) });
  const chunks = [...actions].map((byte) => `1\r\n${byte}\r\n`).join('');
  const { app, origin } = await start((connection) =>
    connection.write(rawAnswer(`${actionsHead}\nTransfer-Encoding: chunked`, `${chunks}0\r\n\r\n`)),
  );
  expect(await app.post(aRequest(origin))).toMatchObject({ status: 200, body: actions });
});

test.for([
  ['x\r\nX-Injected: 1\r\ny', 'a'],
  ['a b', 'c'],
  ['', 'c'],
  ['Host', 'elsewhere'],
  ['Transfer-Encoding', 'chunked'],
  ['content-length', '1'],
  ['Connection', 'close'],
] as const)('a header that is not for others to write is never sent (%j)', async ([name, value]) => {
  const { app, origin, server } = await start((connection) => connection.write(noContent));
  expect(await app.post(aRequest(origin, { headers: { [name]: value } }))).toMatchObject({
    kind: 'unreachable',
  });
  expect(server.counts.opened).toBe(0);
});
