import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpApp } from '../../functions/node/http-app.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { HangUpServer } from '../aws/client/https-cut-off.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { type RawHandler, RawServer } from '../contract/ports/raw-server.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { dialing } from '../support/on-bun.ts';

test('an app that dies under a hook may have acted on it, though nobody is there when it is tried again', async () => {
  let hooks = 0;
  const server = createServer((request, response) => {
    hooks += 1;
    if (hooks === 1) {
      request.resume().on('end', () => response.writeHead(204).end());
      return;
    }
    server.close();
    request.socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${portOf(server)}`;
  const app = new HttpApp(origin, systemClock, dialing);
  const hook = {
    url: `${origin}/websocket/handshake/`,
    headers: {},
    body: 'event=handshake',
    timeoutMs: 2_000,
  };
  expect(await app.post(hook)).toMatchObject({ kind: 'response', status: 204 });
  expect(await app.post(hook)).toEqual({ kind: 'broken', why: 'ECONNREFUSED' });
  expect(hooks).toBe(2);
  await app.stop();
});

const stopped: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of stopped.splice(0)) await one.stop();
});

const aHook = (origin: string) => ({
  ...{ url: `${origin}/websocket/message/`, headers: {}, body: 'event=message', timeoutMs: 10_000 },
});
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

/** An app by bytes, and a hook to it. */
async function start(clock: ManualClock, handler: RawHandler) {
  const server = new RawServer(handler);
  const origin = await server.listen();
  const app = new HttpApp(origin, clock, dialing);
  stopped.push(app, server);
  return { server, post: () => app.post(aHook(origin)) };
}

describe('a connection to the app', () => {
  test('is not used again after 4 seconds, when somebody in between may have forgotten it', async () => {
    const clock = new ManualClock();
    const { server, post } = await start(clock, (connection) => connection.write(noContent));
    await post();
    await clock.advance(3_999);
    await post();
    expect(server.counts.opened).toBe(1);
    await clock.advance(4_000);
    await post();
    expect(server.counts.opened).toBe(2);
  });

  test('is used for as long as it would have been when somebody sets the clock', async () => {
    const clock = new ManualClock();
    const { server, post } = await start(clock, (connection) => connection.write(noContent));
    await post();
    clock.set(7_200_000);
    await post();
    expect(server.counts.opened).toBe(1);
    clock.set(-7_200_000);
    await clock.advance(4_000);
    await post();
    expect(server.counts.opened).toBe(2);
  });

  test('is used again at once after an answer that took long', async () => {
    const clock = new ManualClock();
    const { server, post } = await start(clock, (connection) => {
      void clock.advance(5_000).then(() => connection.write(noContent));
    });
    for (let at = 0; at < 3; at++) expect(await post()).toMatchObject({ status: 204 });
    expect(server.counts.opened).toBe(1);
  });

  test('is held for a hook for longer than it would be kept without one', async () => {
    const { server, post } = await start(new ManualClock(), (connection) => {
      setTimeout(() => connection.write(noContent), 4_500);
    });
    expect(await post()).toMatchObject({ kind: 'response', status: 204 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a function that was frozen while the app hung up on all its connections', () => {
  test.for([1, 20])('reaches it again, with %i hooks at once', async (hooks) => {
    const server = await HangUpServer.start();
    const app = new HttpApp(server.origin, systemClock, dialing);
    stopped.push(app, server);
    const post = () => app.post(aHook(server.origin));
    await Promise.all(Array.from({ length: 20 }, post));
    expect(server.hangUp()).toBe(20);
    const answers = await Promise.all(Array.from({ length: hooks }, post));
    expect(new Set(answers.map((answer) => (answer.kind === 'response' ? answer.status : answer)))).toEqual(
      new Set([200]),
    );
  });
});
