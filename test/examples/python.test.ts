import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePathAndQuery } from '../../functions/wire/path.ts';
import { parseSigningKey, sign } from '../../functions/wire/signature.ts';
import { parseUrlKey, verifyTicket } from '../../functions/wire/ticket.ts';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { type Client, connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { rawRequest } from '../support/raw.ts';
import type { ReceivedHook } from '../support/recording-app.ts';
import { must } from '../wire/must.ts';

const python = process.env['PYTHON'] ?? 'python3';
const folder = fileURLToPath(new URL('../../examples/python/', import.meta.url));
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const [firstSecret = '', secondSecret = ''] = testSecrets.webhookSecrets;
const unknownSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

type Environment = Readonly<Record<string, string>>;

/** Runs Python in the example's folder; nothing of this process's environment is passed on but the PATH. */
function run(argument: readonly string[], environment: Environment): ChildProcess {
  const { PATH } = process.env;
  const env = { PATH, PYTHONDONTWRITEBYTECODE: '1', ...environment };
  return spawn(python, argument, { cwd: folder, env });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** The app of the example, in a process of its own. */
class App {
  readonly url: string;
  /** What it wrote to its standard error. */
  errors = '';
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
    child.stderr?.on('data', (written) => (this.errors += String(written)));
  }

  /** Resolves once it says that it listens. */
  static async start(port: number, environment: Environment): Promise<App> {
    const child = run(['app.py'], { ...environment, PORT: String(port) });
    const app = new App(`http://127.0.0.1:${port}`, child);
    let written = '';
    try {
      await new Promise<void>((resolve, reject) => {
        child.stdout?.on('data', (chunk) => {
          written += String(chunk);
          if (written === `listening on ${app.url}/\n`) resolve();
        });
        child.once('error', reject);
        child.once('close', (code) => reject(new Error(`ended with ${code}: ${written}${app.errors}`)));
      });
      return app;
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}

/** A server that answers its requests, whatever they are, by this list. */
async function strangeServer(
  answers: (readonly [status: number, location: string, body: string])[],
): Promise<{ url: string; stop(): void }> {
  const port = await freePort();
  const server = createHttpServer((_, response) => {
    const [status, Location, body] = answers.shift() ?? [500, '', ''];
    response.writeHead(status, { Location, Connection: 'close' }).end(body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** The headers of a hook with this body, signed now or so many seconds from now. */
function signed(body: string, secret = firstSecret, seconds = 0): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000) + seconds;
  const signature = sign({ id: 'message_x', timestamp, body }, [must(parseSigningKey(secret))]);
  return {
    ...form,
    'webhook-id': 'message_x',
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  };
}

function hookBody(fields: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({
    event: 'message',
    from: 'nobody',
    body: 'hi',
    path: '/here',
    ...fields,
  }).toString();
}

describe('the chat', () => {
  let world: LocalWorld;
  let app: App;
  let environment: Environment;

  beforeEach(async () => {
    const port = await freePort();
    world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
    environment = appEnvironment(world.gateway, testSecrets);
    app = await App.start(port, environment);
  });

  afterEach(async () => {
    await world.stop();
    await app.stop();
  });

  /** Where a user connects, as the page asks for it. */
  async function urlFor(user: string, url = app.url): Promise<string> {
    const response = await fetch(`${url}/url?user=${encodeURIComponent(user)}`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    return ((await response.json()) as { url: string }).url;
  }

  async function enter(user: string): Promise<Client> {
    const client = await connect(await urlFor(user));
    expect(await client.next()).toBe(`Welcome, ${user}!`);
    return client;
  }

  async function post(target: string, body: string, headers: Record<string, string>): Promise<number> {
    const response = await fetch(`${app.url}${target}`, { method: 'POST', body, headers });
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
    const plain = await App.start(port, other);
    try {
      const url = await urlFor('Zoë/ 100%', plain.url);
      expect(url).toBe(`${recorder.url}/?path=%2Fchat%2FZo%25C3%25AB%252F%2520100%2525`);
      const zoe = await connect(url);
      expect(await zoe.next()).toBe('Welcome, Zoë/ 100%!');
      const bob = await connect(await urlFor('bob', plain.url));
      expect(await bob.next()).toBe('Welcome, bob!');
      await zoe.close();
      expect(await bob.next()).toBe('Zoë/ 100% has left the building');
      expect((await fetch(`${plain.url}/url?user=..`)).status).toBe(400);
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
    expect(world.log.lines).toEqual([]);
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
      ['/websocket/message/her%65', body, good],
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

  test('reads a body to its end, whatever it answers, and one that is too long not for ever', async () => {
    const port = Number(new URL(app.url).port);
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
      const response = await fetch(`${app.url}${path}`, { method });
      const type = response.headers.get('content-type')?.split(';')[0];
      return [response.status, type, (await response.text()).length > 0];
    };
    expect(await get('/')).toEqual([200, 'text/html', true]);
    expect(await get('/?user=alice')).toEqual([200, 'text/html', true]);
    expect(await get('/', 'HEAD')).toEqual([200, 'text/html', false]);
    expect(await get('/page.js')).toEqual([200, 'text/javascript', true]);
    expect(await get('/page.css')).toEqual([200, 'text/css', true]);
    expect(await get('/app.py')).toEqual([404, 'text/plain', true]);
    expect(await get('/websocket/message/')).toEqual([405, 'text/plain', true]);
    expect(await get(`/url?user=${'x'.repeat(257)}`)).toEqual([400, 'text/plain', true]);
  });

  test('says at its start what is missing or malformed, all at once', async () => {
    const start = async (settings: Environment): Promise<[number | null, string]> => {
      const child = run(['app.py'], settings);
      const written = child.stderr === null ? '' : await text(child.stderr);
      if (child.exitCode === null) await once(child, 'exit');
      return [child.exitCode, written];
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
    const taken = await start({ ...environment, PORT: new URL(app.url).port });
    expect(taken).toEqual([1, expect.stringContaining('can not listen on port')]);
  });
});

describe('the module', () => {
  let world: LocalWorld;
  let environment: Environment;

  beforeEach(async () => {
    world = await startLocal();
    environment = appEnvironment(world.gateway, testSecrets);
  });

  afterEach(() => world.stop());

  /** Runs lines of Python that read `given` and set `result`; an app would have more around them. */
  async function evaluate(lines: string, given: unknown = null, over: Environment = {}): Promise<unknown> {
    const code = `
import json, sys, websocket
def attempt(call):
    try:
        return call()
    except (websocket.Error, TypeError, KeyError, AttributeError) as error:
        return '%s: %s' % (type(error).__name__, error)
given = json.load(sys.stdin.buffer)
${lines}
json.dump(result, sys.stdout)`;
    const child = run(['-c', code], { ...environment, ...over });
    child.stdin?.end(JSON.stringify(given));
    const [output, errors] = await Promise.all(
      [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream))),
    );
    if (errors) throw new Error(errors);
    return JSON.parse(output ?? '');
  }

  const paths: [written: string, path: string, query: string][] = [
    ['', '/', ''],
    ['/', '/', ''],
    ['foo', '/foo', ''],
    ['/foo', '/foo', ''],
    ['/foo/bar?x=1', '/foo/bar', 'x=1'],
    ['foo bar/ b', '/foo%20bar/%20b', ''],
    ['/é/日本/😀', '/%C3%A9/%E6%97%A5%E6%9C%AC/%F0%9F%98%80', ''],
    ['/a%20b%2Fc', '/a%20b%2Fc', ''],
    ['/100%', '/100%25', ''],
    ['/a+b;c=~&"#?q="é#%&r=a+b', '/a+b;c=~&%22%23', 'q=%22%C3%A9%23%&r=a+b'],
  ];

  test.for(['ticket', 'path'])(
    'makes URLs by ?%s= that connect to the path that was asked for',
    async (by) => {
      const over = by === 'ticket' ? {} : { SOCKETHOOK_URL_KEY: '' };
      const lines = 'result = [websocket.create_websocket_url(path) for path in given]';
      const written = paths.map(([path]) => path);
      const urls = (await evaluate(lines, written, over)) as string[];
      for (const [at, [, path, query]] of paths.entries()) {
        expect(urls[at]).toMatch(new RegExp(`^${world.url}/\\?${by}=`));
        world.app.hooks.length = 0;
        await (await connect(urls[at] ?? '')).close();
        const { url, fields } = await world.app.hook(path, 'closed');
        expect(fields).toMatchObject({ path, query, user: '' });
        expect(url).toBe(`/websocket/closed${path}${query && `?${query}`}`);
      }
    },
  );

  test('makes tickets of the user and the time that were asked for', async () => {
    const lines = `
urls = [websocket.create_websocket_url('/x', user='Zoë', expires_in=60),
        websocket.create_websocket_url(user='alice')]
result = [urls, attempt(lambda: websocket.create_websocket_url(user='x' * 257)),
          attempt(lambda: websocket.create_websocket_url(user='a\\nb')),
          attempt(lambda: websocket.create_websocket_url(expires_in=0)),
          attempt(lambda: websocket.create_websocket_url(expires_in=86401)),
          attempt(lambda: websocket.create_websocket_url(expires_in='1'))]`;
    const before = Math.floor(Date.now() / 1000);
    const [urls, ...refusals] = (await evaluate(lines)) as [string[], ...string[]];
    const after = Math.floor(Date.now() / 1000);
    const keys = [must(parseUrlKey(testSecrets.urlKeys[0] ?? ''))];
    const [short, usual] = urls.map((url) => new URL(url).searchParams.get('ticket') ?? '');
    const at = (token = '', seconds: number) => verifyTicket(token, keys, seconds * 1000);
    expect(await at(short, before + 59)).toEqual({ ok: true, value: { path: '/x', query: '', user: 'Zoë' } });
    expect(await at(short, after + 60)).toMatchObject({ ok: false });
    expect(await at(usual, before + 3_599)).toMatchObject({ ok: true, value: { path: '/', user: 'alice' } });
    expect(await at(usual, after + 3_600)).toMatchObject({ ok: false });
    expect(refusals).toEqual([
      'BadArgumentError: a user is at most 256 bytes.',
      'BadArgumentError: a user is printable text.',
      'BadArgumentError: expires_in must be from 1 to 86400 seconds.',
      'BadArgumentError: expires_in must be from 1 to 86400 seconds.',
      'TypeError: expires_in must be a number of seconds.',
    ]);
    const unkeyed = { SOCKETHOOK_URL_KEY: '' };
    expect(
      await evaluate("result = attempt(lambda: websocket.create_websocket_url(user='x'))", null, unkeyed),
    ).toBe('ConfigurationError: SOCKETHOOK_URL_KEY must be set: only a ticket has a user.');
  });

  test('escapes and refuses the paths that the gateway does, and no others', async () => {
    const part = fc.oneof(
      fc.constantFrom('/', '.', '..', ';', '%', '%2', '%2f', '%2E', '%5c', '%00', '%ff', '%C3%A9', '?', '#'),
      fc.constantFrom('\\', ' ', '\u0085', '\ud800', '%ED%A0%80', '+', '&', '日', '😀', 'a'.repeat(300)),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const texts = fc.sample(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
      2_000,
    );
    const lines = `
import base64
def read(path):
    try:
        ticket = websocket.create_websocket_url(path).partition('ticket=')[2].split('.')[1]
        return json.loads(base64.urlsafe_b64decode(ticket + '=' * (-len(ticket) % 4)))['path']
    except websocket.BadArgumentError:
        return None
result = [read(path) for path in given]`;
    const ours = texts.map((written) => {
      const parsed = parsePathAndQuery(written);
      if (!parsed.ok) return null;
      const { path, query } = parsed.value;
      return query === '' ? path : `${path}?${query}`;
    });
    const theirs = (await evaluate(lines, texts)) as unknown[];
    const pairs = (made: unknown[]) => texts.map((written, at) => [written, made[at]]);
    expect(pairs(theirs)).toEqual(pairs(ours));
    expect(ours.filter((path) => path === null).length).toBeGreaterThan(200);
    expect(ours.filter((path) => path !== null).length).toBeGreaterThan(200);
    expect(
      await evaluate(
        `result = [attempt(lambda: websocket.create_websocket_url(path)) for path in (None, 5, '/?' + 'x' * 4096)]`,
      ),
    ).toEqual([
      'TypeError: a path must be a str, not NoneType.',
      'TypeError: a path must be a str, not int.',
      'BadArgumentError: the path makes a URL of more than 4096 characters.',
    ]);
  });

  test('refuses bad arguments as the original did, before anything is sent', async () => {
    const client = await connect(`${world.url}/x`);
    const { fields } = await world.app.hook('/x', 'handshake');
    const lines = `
one = given
result = [attempt(call) for call in (
    lambda: websocket.send_message((one,), 'x'), lambda: websocket.send_message(1, 'x'),
    lambda: websocket.send_message(None, 'x'),
    lambda: websocket.send_message('', 'x'), lambda: websocket.send_message([None], 'x'),
    lambda: websocket.send_message([''], 'x'), lambda: websocket.send_message([one, None], 'x'),
    lambda: websocket.send_message([1], 'x'), lambda: websocket.send_message([one], None),
    lambda: websocket.send_message([one], {'a': 1}), lambda: websocket.send_message([one], b'x'),
    lambda: websocket.send_message([one], '\\ud800'),
    lambda: websocket.broadcast_message(None), lambda: websocket.broadcast_message('x', path=5),
    lambda: websocket.broadcast_message('x', exclude=[5]), lambda: websocket.close_socket(''),
    lambda: websocket.close_socket(None),
    lambda: websocket.Message({'from': '1'}), lambda: websocket.Message({'body': ''}))]`;
    const list = 'BadArgumentError: first argument of the send_message method must be a list.';
    const none = 'BadArgumentError: must specify sockets.';
    expect(await evaluate(lines, fields['from'])).toEqual([
      ...[list, list, list],
      ...[none, none, none, none],
      'TypeError: a socket id must be a str, not int.',
      'TypeError: the body must be a str, not NoneType.',
      'TypeError: the body must be a str, not dict.',
      'TypeError: the body must be a str, not bytes.',
      'BadArgumentError: the body must be well-formed Unicode.',
      'TypeError: the body must be a str, not NoneType.',
      'TypeError: the path must be a str, not int.',
      'TypeError: a socket id must be a str, not int.',
      'BadArgumentError: must specify a socket.',
      'TypeError: a socket id must be a str, not NoneType.',
      "KeyError: 'body'",
      "KeyError: 'from'",
    ]);
    client.ws.ping();
    await once(client.ws, 'pong');
    expect(client.left).toEqual([]);
  });

  test('sends to one and to many, broadcasts, closes, and tells what came of it', async () => {
    const [a, b] = [await connect(`${world.url}/a`), await connect(`${world.url}/b%20c`)];
    const ids = await Promise.all(
      ['/a', '/b%20c'].map(async (path) => (await world.app.hook(path, 'handshake')).fields['from']),
    );
    const lines = `
a, b = given
result = [
    websocket.send_message(a, 'to a'), websocket.send_message([], 'x'),
    websocket.send_message([a, b, 'nobody'], ''),
    websocket.send_message(['nobody%d' % n for n in range(2500)] + [b], 'to b'),
    websocket.broadcast_message('to all'), websocket.broadcast_message('not a', exclude=a),
    websocket.broadcast_message('not b', exclude=[b]), websocket.broadcast_message('at b', path='b c'),
    websocket.broadcast_message('to alice', user='alice'),
    websocket.close_socket(a), websocket.close_socket('nobody'),
    attempt(lambda: websocket.broadcast_message('x', user=''))]
result[3]['gone'] = len(result[3]['gone'])`;
    const sent = (delivered: number, gone: unknown = []) => ({ delivered, queued: 0, gone, failed: [] });
    const counted = (delivered: number) => ({ delivered, queued: 0, gone: 0, failed: 0 });
    expect(await evaluate(lines, ids)).toEqual([
      ...[sent(1), sent(0), sent(2, ['nobody']), sent(1, 2_500)],
      ...[counted(2), counted(1), counted(1), counted(1), counted(0)],
      ...[true, false, 'GatewayError: "user" must name a user.'],
    ]);
    expect(await a.take(4)).toEqual(['to a', '', 'to all', 'not b']);
    expect(await b.take(5)).toEqual(['', 'to b', 'to all', 'not a', 'at b']);
    expect((await a.closed).code).toBe(1000);
  });

  test.for(['form', 'json'])(
    'verifies and reads hooks in %s, whichever secret is its own',
    async (format) => {
      await world.stop();
      world = await startLocal({ WEBHOOK_FORMAT: format });
      const client = await connect(`${world.url}/a%20b/?x=1&from=me`, { origin: 'https://page.example' });
      client.send('日本 & +=% "q"\r\n');
      const hook = await world.app.hook('/a%20b/', 'message');
      const lines = `
def read(base='/websocket', **over):
    hook = dict(given, **over)
    return websocket.verify(hook['headers'], hook['raw'].encode(), hook['url'], base)
message = websocket.Message(read())
names = 'socket body event path query user state origin code reason time'.split()
result = [
    {name: getattr(message, name) for name in names}, read('/websocket/') == read(),
    attempt(lambda: setattr(message, 'body', 'x') or 'set')[:14], attempt(lambda: read(base='/other')),
    attempt(lambda: read(url='/websocket/message/a b/')), attempt(lambda: read(headers={}))]`;
      for (const secret of [firstSecret, secondSecret, secondSecret.replace('whsec_', '')]) {
        const over = { SOCKETHOOK_WEBHOOK_SECRET: secret };
        expect(await evaluate(lines, received(hook), over)).toEqual([
          {
            ...{ socket: hook.fields['from'], body: '日本 & +=% "q"\r\n', event: 'message', path: '/a%20b/' },
            ...{ query: 'x=1&from=me', user: '', state: '', origin: 'https://page.example', code: '' },
            ...{ reason: '', time: hook.fields['time'] },
          },
          true,
          'AttributeError',
          'VerificationError: The hook is signed for another URL.',
          'VerificationError: The hook is signed for another URL.',
          'VerificationError: The hook is not signed.',
        ]);
      }
      const over = { SOCKETHOOK_WEBHOOK_SECRET: unknownSecret };
      const unknown = `${lines.split('message =')[0]}result = attempt(read)`;
      expect(await evaluate(unknown, received(hook), over)).toBe(
        'VerificationError: The hook is not signed by the gateway.',
      );
      await client.close();
    },
  );

  function received({ headers, raw, url }: ReceivedHook): unknown {
    return { headers, raw, url };
  }

  test('a call that the gateway refuses or does not answer raises, and gives the key to no one else', async () => {
    const lines = `
try:
    websocket.broadcast_message('x')
except websocket.GatewayError as error:
    result = [str(error), error.status, error.code, error.may_pass]`;
    const wrongKey = await evaluate(lines, null, { SOCKETHOOK_API_KEY: 'not-a-live-key-0123456789' });
    const sentence = 'Send the header "Authorization: Bearer <api key>" with a live key.';
    expect(wrongKey).toEqual([sentence, 401, 'unauthorized', true]);
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect(await evaluate(lines, null, { SOCKETHOOK_API_URL: nowhere })).toEqual([
      ...[`The gateway at ${nowhere} does not answer.`, null, '', true],
    ]);
    const strange = await strangeServer([
      [302, `${nowhere}/stolen`, ''],
      [200, '', '<html>'],
      [413, '', '[]'],
    ]);
    const over = { SOCKETHOOK_API_URL: strange.url };
    expect(await evaluate(lines, null, over)).toEqual(['The gateway answered 302 Found.', 302, '', true]);
    const unreadable = `${strange.url} does not answer as a gateway.`;
    expect(await evaluate(lines, null, over)).toEqual([unreadable, null, '', true]);
    expect(await evaluate(lines, null, over)).toEqual([expect.any(String), 413, '', false]);
    strange.stop();
  });

  test('what a ticket does not allow is refused', async () => {
    const lines = "result = websocket.create_websocket_url('/x', user='alice')";
    const forged = await evaluate(lines, null, { SOCKETHOOK_URL_KEY: 'x'.repeat(32) });
    expect((await refused(String(forged))).status).toBe(401);
    const client = await connect(`${await evaluate(lines)}&path=%2Fy`);
    await eventually('the hook names what the ticket says', () => world.app.of('/x').length > 0);
    expect(world.app.hooks[0]?.fields).toMatchObject({ path: '/x', user: 'alice' });
    await client.close();
  });
});
