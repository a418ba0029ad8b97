import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import type { ChildApp, Environment } from '../support/child-app.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { postAsIs } from '../support/post-as-is.ts';
import { rawRequest } from '../support/raw.ts';
import { otherPaths, samePaths } from '../wire/escaped-urls.ts';
import { runPython, startPythonApp } from './python.ts';
import { firstSecret, form, hookBody, postThroughProxy, signed } from './signed.ts';

const unknownSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

describe('the chat', () => {
  let world: LocalWorld;
  let app: ChildApp;
  /** Where the app is. */
  let url: string;
  let environment: Environment;

  beforeEach(async () => {
    const port = await freePort();
    world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
    environment = appEnvironment(world.gateway, testSecrets);
    url = `http://127.0.0.1:${port}`;
    app = await startPythonApp(port, environment);
  });

  afterEach(async () => {
    await world.stop();
    await app.stop();
  });

  /** Where a user connects, as the page asks for it. */
  async function urlFor(user: string, at = url): Promise<string> {
    const response = await fetch(`${at}/url?user=${encodeURIComponent(user)}`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    return ((await response.json()) as { url: string }).url;
  }

  async function enter(user: string): Promise<Client> {
    const client = await connect(await urlFor(user));
    expect(await client.next()).toBe(`Welcome, ${user}!`);
    return client;
  }

  async function post(target: string, body: string, headers: Record<string, string>): Promise<number> {
    const response = await fetch(`${url}${target}`, { method: 'POST', body, headers });
    if (response.status >= 300) expect(await response.text()).toMatch(/^["A-Z].*\.\n$/);
    return response.status;
  }

  test('greets a client, and sends what it says back to it and then to everybody, in order', async () => {
    const alice = await enter('alice');
    for (let count = 0; count < 20; count += 1) alice.send(`${count}`);
    for (let count = 0; count < 20; count += 1)
      expect(await alice.take(2)).toEqual([`Received: "${count}"`, `${count}`]);
    alice.send('');
    expect(await alice.take(2)).toEqual(['Received: ""', '']);
    expect(world.log.lines).toEqual([]);
    expect(app.errors).toBe('');
  });

  test('tells those who stay who has left, by the user of the ticket', async () => {
    const alice = await enter('alice');
    const zoe = await enter('Zoë <b>&</b> co');
    zoe.send('日本 & +=% "q"\r\n');
    expect(await alice.next()).toBe('日本 & +=% "q"\r\n');
    expect(await zoe.take(2)).toEqual(['Received: "日本 & +=% "q"\r\n"', '日本 & +=% "q"\r\n']);
    await zoe.close();
    expect(await alice.next()).toBe('Zoë <b>&</b> co has left the building');
    const somebody = await connect(`${world.url}/chat`);
    expect(await somebody.next()).toBe('Welcome, Somebody!');
    somebody.ws.terminate();
    expect(await alice.next()).toBe('Somebody has left the building');
    expect(alice.left).toEqual([]);
    expect(world.log.lines).toEqual([]);
  });

  test('without a URL key the user stands in the path', async () => {
    const port = await freePort();
    const recorder = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
    const other = { ...appEnvironment(recorder.gateway, testSecrets), SOCKETHOOK_URL_KEY: '' };
    const plain = await startPythonApp(port, other);
    const plainUrl = `http://127.0.0.1:${port}`;
    try {
      const url = await urlFor('Zoë/ 100%', plainUrl);
      expect(url).toBe(`${recorder.url}/?path=%2Fchat%2FZo%25C3%25AB%252F%2520100%2525`);
      const zoe = await connect(url);
      expect(await zoe.next()).toBe('Welcome, Zoë/ 100%!');
      const bob = await connect(await urlFor('bob', plainUrl));
      expect(await bob.next()).toBe('Welcome, bob!');
      await zoe.close();
      expect(await bob.next()).toBe('Zoë/ 100% has left the building');
      expect((await fetch(`${plainUrl}/url?user=..`)).status).toBe(400);
    } finally {
      await recorder.stop();
      await plain.stop();
    }
  });

  test('a message of 131,072 bytes of emoji arrives', async () => {
    const alice = await enter('alice');
    const bob = await enter('bob');
    const longest = '😀'.repeat(32_768);
    alice.send(longest);
    expect(await bob.next()).toBe(longest);
    expect(await alice.take(2)).toEqual(['Received, but too long to be repeated in quotes.', longest]);
    const quotable = '😀'.repeat(32_765);
    alice.send(quotable);
    expect(await alice.take(2)).toEqual([`Received: "${quotable}"`, quotable]);
    expect(world.log.lines.map(({ event }) => event)).toEqual(['message_too_large_for_aws']);
  });

  test('refuses what the gateway did not sign, not lately, or not for this URL, with 401', async () => {
    const body = hookBody();
    const good = signed(body);
    const { 'webhook-id': id = '', 'webhook-signature': signature = '', ...rest } = good;
    const refusals: [target: string, body: string, headers: Record<string, string>][] = [
      ['/websocket/message/here', body, form],
      ['/websocket/message/here', body, { ...rest, 'webhook-signature': signature }],
      ['/websocket/message/here', body, { ...rest, 'webhook-id': id }],
      ['/websocket/message/here', body, signed(body, unknownSecret)],
      ['/websocket/message/here', body, signed(body, firstSecret, -400)],
      ['/websocket/message/here', body, signed(body, firstSecret, 400)],
      ['/websocket/message/here', body, { ...good, 'webhook-timestamp': '9'.repeat(12) }],
      ['/websocket/message/here', body, { ...good, 'webhook-timestamp': 'now' }],
      ['/websocket/message/here', body, { ...good, 'webhook-id': 'message_y' }],
      ['/websocket/message/here', `${body}&x=`, good],
      ['/websocket/message/here', '', good],
      ...['', 'v1,', 'v1,AAAA', 'v1,ä', signature.slice(3), signature.replace('v1', 'v2')].map(
        (wrong): [string, string, Record<string, string>] => [
          '/websocket/message/here',
          body,
          { ...good, 'webhook-signature': wrong },
        ],
      ),
      ['/websocket/closed/here', body, good],
      ['/websocket/message/there', body, good],
      ['/websocket/message/here/', body, good],
      ['/websocket/message/her%2565', body, good],
      ['/websocket/message', body, good],
      ['/websocket/other/here', hookBody({ event: 'other' }), signed(hookBody({ event: 'other' }))],
      ['/websocket/message/here', body, { ...good, 'Content-Type': 'application/json' }],
      ['/websocket/message/here', '[]', { ...signed('[]'), 'Content-Type': 'application/json' }],
    ];
    for (const [target, content, headers] of refusals) {
      expect([target, headers, await post(target, content, headers)]).toEqual([target, headers, 401]);
    }
    expect(await post('/websocket/message/here', body, good)).toBe(204);
    expect(await post('/websocket/message/here?from=x&path=y', body, good)).toBe(204);
    const rotated = { ...good, 'webhook-signature': `v1,AAAA v2,x ${signature}` };
    expect(await post('/websocket/message/here', body, rotated)).toBe(204);
  });

  test('takes a hook however a proxy escapes its path, and refuses it at another', async () => {
    const port = Number(new URL(url).port);
    for (const [path, arrives] of samePaths)
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 204]);
    for (const [path, arrives] of otherPaths)
      expect([path, arrives, await postThroughProxy(port, path, arrives)]).toEqual([path, arrives, 401]);
  });

  test('names whoever has left by the path that is signed, whatever a proxy made of it', async () => {
    const alice = await enter('alice');
    const body = hookBody({ event: 'closed', path: '/chat/a%40b%252Fc' });
    const port = Number(new URL(url).port);
    expect(await postAsIs(port, '/websocket/closed/chat/a@b%252Fc', signed(body), body)).toBe(204);
    expect(await alice.next()).toBe('a@b%2Fc has left the building');
  });

  test('reads a body to its end, whatever it answers, and one that is too long not for ever', async () => {
    const port = Number(new URL(url).port);
    const next = 'GET /url?user=alice HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const forged =
      'POST /websocket/message/ HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\nGET / HTTP/1.1\r\n';
    const misplaced = 'POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
    const got = 'GET /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
    const answers = await rawRequest(port, forged + misplaced + got + next);
    expect([...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)).toEqual([
      '401',
      '404',
      '404',
      '200',
    ]);
    for (const lengths of [
      'Transfer-Encoding: chunked',
      'Content-Length: 1\r\nContent-Length: 2',
      'Content-Length: -1',
      'Content-Length: 1_0',
    ]) {
      const answer = await rawRequest(port, `POST /websocket/message/ HTTP/1.1\r\n${lengths}\r\n\r\n`);
      expect([lengths, answer.slice(0, 12)]).toEqual([lengths, 'HTTP/1.1 411']);
    }
    expect(await post('/websocket/message/', 'x'.repeat(1_048_576), form)).toBe(401);
    expect(await post('/websocket/message/', 'x'.repeat(1_048_577), form)).toBe(413);
  });

  test('asks for a hook again when the gateway does not answer, and not when it refuses', async () => {
    const long = hookBody({ body: 'x'.repeat(131_073) });
    expect(await post('/websocket/message/here', long, signed(long))).toBe(422);
    await world.stop();
    expect(await post('/websocket/message/here', hookBody(), signed(hookBody()))).toBe(503);
    const complaints = [
      '"body" must be at most 131072 bytes of UTF-8.\n',
      `The gateway at ${world.gateway.apiUrl} does not answer.\n`,
    ].join('');
    await eventually('both are on standard error', () => app.errors.length >= complaints.length);
    expect(app.errors).toBe(complaints);
  });

  test('has a page, and says what is not there', async () => {
    const get = async (path: string, method = 'GET'): Promise<unknown[]> => {
      const response = await fetch(`${url}${path}`, { method });
      const type = response.headers.get('content-type')?.split(';')[0];
      return [response.status, type, (await response.text()).length > 0];
    };
    expect(await get('/')).toEqual([200, 'text/html', true]);
    expect(await get('/?user=alice')).toEqual([200, 'text/html', true]);
    expect(await get('/', 'HEAD')).toEqual([200, 'text/html', false]);
    expect(await get('/page.js')).toEqual([200, 'text/javascript', true]);
    expect(await get('/client.js')).toEqual([200, 'text/javascript', true]);
    expect(await get('/page.css')).toEqual([200, 'text/css', true]);
    expect(await get('/app.py')).toEqual([404, 'text/plain', true]);
    expect(await get('/websocket/message/')).toEqual([405, 'text/plain', true]);
    expect(await get(`/url?user=${'x'.repeat(257)}`)).toEqual([400, 'text/plain', true]);
  });

  test('says at its start what is missing or malformed, all at once', async () => {
    const start = async (settings: Environment): Promise<[number | null, string]> => {
      const child = runPython(['app.py'], settings);
      const [code] = await child.ended;
      return [code, child.errors];
    };
    const [code, written] = await start({ SOCKETHOOK_WEBHOOK_SECRET: 'whsec_', SOCKETHOOK_URL_KEY: 'short' });
    expect([code, written.trimEnd().split('\n')]).toEqual([
      1,
      [
        'SOCKETHOOK_API_URL must be set.',
        'SOCKETHOOK_API_KEY must be set.',
        'SOCKETHOOK_WEBHOOK_SECRET must be "whsec_" followed by base64 of 24 to 64 bytes.',
        'SOCKETHOOK_WEBSOCKET_URL must be set.',
        'SOCKETHOOK_URL_KEY must be at least 32 characters.',
      ],
    ]);
    expect(await start({ ...environment, PORT: 'x' })).toEqual([1, 'PORT must be a port number.\n']);
    const missing = await start({ ...environment, CLIENT_JS: '/nowhere/client.js' });
    expect(missing).toEqual([
      1,
      expect.stringMatching(/^There is no \/nowhere\/client\.js\. Run `npm run build`/),
    ]);
    const client = fileURLToPath(new URL('../../package.json', import.meta.url));
    const taken = await start({ ...environment, CLIENT_JS: client, PORT: new URL(url).port });
    expect(taken).toEqual([1, expect.stringContaining('can not listen on port')]);
  });
});
