import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  expressHooks,
  fastifyHooks,
  hooks,
  nodeHooks,
  refuse,
  type SockethookError,
} from '../../sdk/index.ts';
import { firstSecret, postThroughProxy } from '../examples/signed.ts';
import { connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { otherPaths, samePaths } from '../wire/escaped-urls.ts';

const told: string[] = [];
const running: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = testSecrets.webhookSecrets[1];
});
afterEach(async () => {
  told.length = 0;
  for (const stop of running.splice(0).reverse()) await stop();
});

/** The same app in every framework. */
const handlers = {
  handshake: ({ path, query }: { path: string; query: string }) => {
    told.push(`handshake ${path}?${query}`);
    return path === '/secret' ? refuse(401) : { user: 'alice' };
  },
  message: ({ body, user }: { body: string; user: string }) => {
    told.push(`message ${user} ${body.length}`);
    return body;
  },
  closed: ({ code, reason }: { code: number | undefined; reason: string }) => {
    told.push(`closed ${code} ${reason}`);
  },
};

/** A gateway whose hooks go to a port. */
async function gatewayFor(port: number, format: string): Promise<LocalWorld> {
  const world = await startLocal({
    WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket`,
    WEBHOOK_FORMAT: format,
  });
  running.push(world.stop);
  return world;
}

async function listen(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  running.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return port;
}

const frameworks: Record<string, () => Promise<number>> = {
  'node:http': () => listen(nodeHooks(handlers)),
  Express: () => listen(express().use('/websocket', expressHooks(handlers))),
  'an Express router with parsers behind it': () => {
    const router = express.Router().use('/', expressHooks(handlers));
    return listen(express().use('/websocket', router).use(express.json(), express.urlencoded()));
  },
  'an Express route': () => listen(express().post('/websocket/*path', expressHooks(handlers))),
  Fastify: async () => {
    const app = fastify();
    await app.register(fastifyHooks(handlers), { prefix: '/websocket' });
    const port = await freePort();
    await app.listen({ port, host: '127.0.0.1' });
    running.push(() => app.close());
    return port;
  },
  Hono: async () => {
    const handle = hooks(handlers);
    const app = new Hono().post('/websocket/*', (context) => handle(context.req.raw));
    const port = await freePort();
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
    running.push(async () => void server.close());
    return port;
  },
};

describe.each(Object.entries(frameworks))('%s', (_, start) => {
  test.for(['form', 'json'])(
    'an app in this framework, with its defaults, gets hooks as %s and answers',
    async (format) => {
      const world = await gatewayFor(await start(), format);
      const path = `/a%20b%2Fc/%C3%A9;v=1/${'x'.repeat(900)}`;
      const client = await connect(`${world.url}${path}?x='1'&y=%27&z=a+b`);
      const emoji = '😀'.repeat(32_768);
      for (const body of ['hello', '', emoji, '& = + %41\r\n日本']) {
        client.send(body);
        expect(await client.next()).toBe(body);
      }
      await client.close(4000, '日本');
      await eventually('closed', () => told.some((line) => line.startsWith('closed')));
      expect(told).toEqual([
        `handshake ${path}?x=%271%27&y=%27&z=a+b`,
        'message alice 5',
        'message alice 0',
        'message alice 65536',
        'message alice 13',
        'closed 4000 日本',
      ]);
    },
  );

  test('a refusal reaches the client, and a stranger’s post gets 401', async () => {
    const port = await start();
    const world = await gatewayFor(port, 'form');
    expect((await refused(`${world.url}/secret`)).status).toBe(401);
    const forged = await fetch(`http://127.0.0.1:${port}/websocket/message/x`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'webhook-id': 'x',
        'webhook-timestamp': '1',
      },
      body: 'event=message&path=/x&body=forged',
    });
    expect(forged.status).toBe(401);
    expect(told).toEqual(['handshake /secret?']);
  });

  test('a hook is taken however a proxy escapes its path, and refused at another', async () => {
    process.env['SOCKETHOOK_WEBHOOK_SECRET'] = firstSecret;
    const port = await start();
    for (const [path, arrives] of samePaths)
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 200]);
    expect(told.splice(0)).toHaveLength(samePaths.length);
    for (const [path, arrives] of otherPaths.filter(([, other]) => !isRewrittenByFetch.test(other)))
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([
        path,
        arrives,
        expect.toBeOneOf([400, 401]),
      ]);
    expect(told).toEqual([]);
  });
});

/** A URL object resolves these before anybody can look at them. */
const isRewrittenByFetch = /\\|\/\./;

test('an Express session is there in the handshake', async () => {
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: true }));
  app.get('/login', (request, response) => {
    Object.assign(request.session, { name: 'alice' });
    response.end();
  });
  app.use(
    '/websocket',
    expressHooks<express.Request>({
      handshake: (_, { session }) => ('name' in session ? { user: String(session.name) } : refuse(401)),
      message: ({ user }) => `you are ${user}`,
    }),
  );
  const port = await listen(app);
  const world = await gatewayFor(port, 'form');
  expect((await refused(`${world.url}/`)).status).toBe(401);
  const login = await fetch(`http://127.0.0.1:${port}/login`);
  const Cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const client = await connect(`${world.url}/`, { headers: { Cookie } });
  client.send('who am I?');
  expect(await client.next()).toBe('you are alice');
  await client.close();
});

test('a body parser before the hooks is a typed error that says so', async () => {
  const errors: SockethookError[] = [];
  const app = express().use(express.urlencoded({ extended: false }));
  app.use('/websocket', expressHooks(handlers));
  app.use(
    (error: SockethookError, _: express.Request, response: express.Response, __: express.NextFunction) => {
      errors.push(error);
      response.status(500).end();
    },
  );
  const world = await gatewayFor(await listen(app), 'form');
  expect((await refused(`${world.url}/`)).status).toBe(502);
  expect(errors[0]?.code).toBe('ERR_BODY_DRAINED');
  expect(errors[0]?.message).toContain('mount the hooks before express.urlencoded');
});

test('what a handler throws goes to the framework, and the gateway tries again', async () => {
  let tries = 0;
  const app = express().use(
    '/websocket',
    expressHooks({
      message: () => {
        tries += 1;
        if (tries === 1) throw new Error('not yet');
        return 'now';
      },
    }),
  );
  app.use(
    (_: Error, __: express.Request, response: express.Response, ___: express.NextFunction) =>
      void response.status(503).end(),
  );
  const world = await gatewayFor(await listen(app), 'form');
  const client = await connect(`${world.url}/`);
  client.send('m');
  expect(await client.next()).toBe('now');
  await client.close();
});

test('a handler of node:http that throws is a 500, and the server lives on and is told', async () => {
  const errors: unknown[] = [];
  const handshake = () => {
    throw new Error('broken');
  };
  const port = await listen(nodeHooks({ handshake }, { onError: (error) => errors.push(error) }));
  const world = await gatewayFor(port, 'form');
  expect((await refused(`${world.url}/`)).status).toBe(502);
  expect(String(errors[0])).toContain('broken');
});

test('a stranger who hangs up in the middle of a body breaks nothing and is not told of', async () => {
  const errors: unknown[] = [];
  const port = await listen(nodeHooks(handlers, { onError: (error) => errors.push(error) }));
  const stranger = connectTcp(port, '127.0.0.1');
  stranger.write('POST /websocket/message/a HTTP/1.1\r\nHost: app\r\nContent-Length: 100\r\n\r\nabc');
  await once(stranger, 'connect');
  stranger.destroy();
  await once(stranger, 'close');
  const world = await gatewayFor(port, 'form');
  await (await connect(`${world.url}/`)).close();
  expect(errors).toEqual([]);
});

test('the rest of a Fastify app keeps its own parsers', async () => {
  const app = fastify();
  app.post('/json', async (request) => request.body);
  await app.register(fastifyHooks(handlers), { prefix: '/websocket' });
  const answer = await app.inject({ method: 'POST', url: '/json', payload: { a: 1 } });
  expect(answer.json()).toEqual({ a: 1 });
  await app.close();
});
