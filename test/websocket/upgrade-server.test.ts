import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBunServer } from '../../functions/bun/bun-server.ts';
import { textFrame } from '../../functions/websocket/frames.ts';
import { createNodeServer } from '../../functions/websocket/node-server.ts';
import type { RequestHead } from '../../functions/websocket/request-head.ts';
import type { Upgrade } from '../../functions/websocket/upgrade.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { isOnBun } from '../support/on-bun.ts';
import { upgradeRequest } from '../support/raw.ts';
import { close, pieces, text } from './client-frames.ts';
import { readServerFrames } from './server-frames.ts';

/** A request as an HTTP server read it. */
interface SeenRequest extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'> {
  /** As it stands in the list that Node.js cuts, if it is told to. */
  readonly said: string | undefined;
  body: string;
  trailers: readonly string[];
}

/** Those of a server, in the order in which they came. */
interface Requests {
  readonly seen: SeenRequest[];
  /** What holds the answer to `/slow` back. */
  gate: Promise<void>;
}

/** Answers a request with all that was read of it. */
async function answer(requests: Requests, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, httpVersion, rawHeaders } = request;
  const seen: SeenRequest = {
    method,
    url,
    httpVersion,
    rawHeaders,
    said: request.headers['content-length'],
    body: '',
    trailers: [],
  };
  requests.seen.push(seen);
  request.setEncoding('latin1');
  for await (const chunk of request) seen.body += chunk;
  seen.trailers = request.rawTrailers;
  if (url === '/slow') await requests.gate;
  response.sendDate = false;
  response.end(`${url} ${seen.body.length}`);
}

const headBytes = 65_536;
const ours: Requests = { seen: [], gate: Promise.resolve() };
const plain: Requests = { seen: [], gate: Promise.resolve() };
const upgrades: RequestHead[] = [];

/** Lets each client in, and sends it back what it says. */
function admit(upgrade: Upgrade): void {
  upgrades.push(upgrade.head);
  const connection = upgrade.accept(131_072, undefined);
  connection?.start({
    message: (body) => connection.send(textFrame(body)),
    held() {},
    alive() {},
    ended() {},
    closed() {},
  });
}

const server = (isOnBun ? createBunServer : createNodeServer)({
  headBytes,
  cork() {},
  upgrade: admit,
  request: (request, response) => void answer(ours, request, response),
  errorResponse: (error) =>
    Buffer.from(`HTTP/1.1 400 ${error}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`),
});
/** The same without us. */
const reference = createServer(
  { maxHeaderSize: headBytes },
  (request, response) => void answer(plain, request, response),
);
reference.maxHeadersCount = 0;
const ports = { ours: 0, plain: 0 };
beforeAll(async () => {
  ports.ours = await server.listen({ port: 0, host: '127.0.0.1', maxConnections: 1_000 });
  await new Promise<void>((resolve) => reference.listen(0, '127.0.0.1', resolve));
  ports.plain = portOf(reference);
});
afterAll(() => {
  for (const one of [server, reference]) {
    one.close();
    one.closeAllConnections();
  }
});

/** Sends pieces, each in a packet of its own as far as that is in our hands; all that comes back until the end. */
async function exchange(port: number, chunks: readonly Uint8Array[], isHalfOpen = false): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on('data', (bytes) => received.push(bytes));
  const ended = new Promise<void>((resolve) => socket.on('close', resolve).on('error', () => {}));
  socket.on('end', () => socket.end());
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    await turn();
  }
  if (isHalfOpen) socket.end();
  await ended;
  return Buffer.concat(received);
}

const host = 'Host: x\r\n';
const last = `${host}Connection: close\r\n`;
const chunked = '4\r\nWiki\r\n5;ext="1"\r\npedia\r\n0\r\nTrailer: yes\r\n\r\n';
const smuggled = 'GET /evil HTTP/1.1\r\nHost: x\r\n\r\n';
const requests: [string, string][] = [
  ['a GET', `GET /a?b=%20 HTTP/1.1\r\n${last}\r\n`],
  ['a GET behind empty lines', `\r\n\r\nGET /a HTTP/1.1\r\n${last}\r\n`],
  ['a GET of HTTP/1.0', 'GET /a HTTP/1.0\r\n\r\n'],
  ['a GET of a whole URL', `GET http://x/a HTTP/1.1\r\n${last}\r\n`],
  ['a GET with a body', `GET /a HTTP/1.1\r\n${last}Content-Length: 5\r\n\r\nhello`],
  ['a POST', `POST /a HTTP/1.1\r\n${last}Content-Length: 6\r\n\r\n\r\n\r\n\xff\0`],
  ['a POST in chunks', `POST /a HTTP/1.1\r\n${last}Transfer-Encoding: chunked\r\n\r\n${chunked}`],
  ['a GET in chunks', `GET /a HTTP/1.1\r\n${last}Transfer-Encoding: chunked\r\n\r\n${chunked}`],
  [
    'names in all cases, twice, and values of latin1',
    `GET /a HTTP/1.1\r\n${last}aBc: \xe4\r\nABC: \xc3\xa0\r\n\r\n`,
  ],
  [
    'three requests',
    `GET /a HTTP/1.1\r\n${host}\r\nPOST /b HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\nxGET /c HTTP/1.1\r\n${last}\r\n`,
  ],
  ['an upgrade that is none', `GET /a HTTP/1.1\r\n${last}Upgrade: websocket\r\n\r\n`],
  [
    'an upgrade to something else',
    `GET /a HTTP/1.1\r\n${host}Connection: close, Upgrade\r\nUpgrade: foo\r\n\r\n`,
  ],
  [
    'an offer of h2c with a body',
    `POST /a HTTP/1.1\r\n${host}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello`,
  ],
];

test.for(requests)('%s is read as without us, wherever it is cut', async ([, request]) => {
  const bytes = Buffer.from(request, 'latin1');
  plain.seen.length = 0;
  const expected = await exchange(ports.plain, [bytes]);
  expect(plain.seen.length).toBeGreaterThan(0);
  expect(expected.toString()).toMatch(/^HTTP\/1\.1 200 /);
  const ways = [[bytes], pieces(bytes, 1)];
  for (let at = 1; at < bytes.length; at += 1) ways.push([bytes.subarray(0, at), bytes.subarray(at)]);
  for (const chunks of ways) {
    ours.seen.length = 0;
    const answered = await exchange(ports.ours, chunks);
    expect(ours.seen).toEqual(plain.seen);
    expect(answered.toString('latin1')).toBe(expected.toString('latin1'));
  }
});

test.for<[number, string, string]>([
  [2_005, 'as they are', ''],
  [5_000, 'as they are', ''],
  [2_005, 'with an offer of h2c', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'],
  [5_000, 'with an offer of h2c', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'],
])(
  'a request with %i headers before its length is one request, with all of them: %s',
  async ([count, , offer]) => {
    const connection = offer === '' ? 'close' : 'close, Upgrade, HTTP2-Settings';
    const many = Array.from({ length: count }, (_, at) => `X${at}: a\r\n`).join('');
    const request =
      `POST /a HTTP/1.1\r\n${host}Connection: ${connection}\r\n${offer}${many}` +
      `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    ours.seen.length = 0;
    const answered = String(await exchange(ports.ours, [Buffer.from(request)]));
    expect(ours.seen).toHaveLength(1);
    expect(ours.seen[0]).toMatchObject({
      method: 'POST',
      url: '/a',
      body: smuggled,
      said: `${smuggled.length}`,
    });
    expect(answered.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(ours.seen[0]?.rawHeaders.length).toBe(2 * (count + 3 + (offer === '' ? 0 : 2)));
  },
);

const accepted = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** The texts that a client got behind the answer that let it in, and all that came before. */
function letIn(received: Buffer): { before: string; texts: string[] } {
  const start = received.indexOf('HTTP/1.1 101 ');
  const end = received.indexOf('\r\n\r\n', start);
  expect([start >= 0, received.toString('latin1', start, end)]).toEqual([
    true,
    expect.stringContaining(accepted),
  ]);
  const { frames } = readServerFrames(received.subarray(end + 4));
  const texts = frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => String(payload));
  return { before: received.toString('latin1', 0, start), texts };
}

const talk = Buffer.concat([text('one'), text('two'), close(1000)]);
const behind = Buffer.from(`GET /first HTTP/1.1\r\n${host}\r\n`);
const handshake = upgradeRequest('/in?x');
const ways: [string, Buffer, Buffer][] = [
  ['that comes first', Buffer.alloc(0), handshake],
  ['behind an empty line', Buffer.from('\r\n'), handshake],
  ['behind another request', behind, handshake],
  ['of HTTP/1.0', Buffer.alloc(0), Buffer.from(String(handshake).replace('HTTP/1.1', 'HTTP/1.0'))],
  ['of HTTP/1.0 behind a request', behind, Buffer.from(String(handshake).replace('HTTP/1.1', 'HTTP/1.0'))],
  ['to a whole URL', Buffer.alloc(0), upgradeRequest('http://localhost/in?x')],
  ['to a whole URL behind a request', behind, upgradeRequest('http://localhost/in?x')],
  [
    'that would do with h2c',
    Buffer.alloc(0),
    upgradeRequest('/in', { Upgrade: 'h2c, websocket', Connection: 'keep-alive, Upgrade' }),
  ],
  [
    'that would do with h2c behind a request',
    behind,
    upgradeRequest('/in', { Upgrade: 'h2c, websocket', Connection: 'keep-alive, Upgrade' }),
  ],
];

test.for(ways)(
  'an upgrade %s is granted wherever it is cut, and what is behind it is heard',
  async ([, before, request]) => {
    const bytes = Buffer.concat([before, request, talk]);
    const cuts = [[bytes], pieces(bytes, 1)];
    for (let at = 1; at < bytes.length; at += 3) cuts.push([bytes.subarray(0, at), bytes.subarray(at)]);
    for (const chunks of cuts) {
      upgrades.length = 0;
      const { before: first, texts } = letIn(await exchange(ports.ours, chunks));
      expect(texts).toEqual(['one', 'two']);
      expect(first === '' || /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\/first 0$/.test(first)).toBe(true);
      expect(first === '').toBe(before !== behind);
      expect(upgrades).toHaveLength(1);
      expect(upgrades[0]?.method).toBe('GET');
      expect(
        request.toString().startsWith(`GET ${upgrades[0]?.target} HTTP/1.${upgrades[0]?.isNew ? 1 : 0}`),
      ).toBe(true);
      const fields = upgrades[0]?.fields ?? [];
      const lines = fields.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${fields[at + 1]}\r\n`] : []));
      expect(request.toString()).toContain(`\r\n${lines.join('')}\r\n`);
    }
  },
);

test('an upgrade behind a request that is not answered yet is answered after it', async () => {
  let go: () => void = () => {};
  ours.gate = new Promise((resolve) => {
    go = resolve;
  });
  upgrades.length = 0;
  ours.seen.length = 0;
  const slow = Buffer.from(`GET /slow HTTP/1.1\r\n${host}\r\n`);
  const answered = exchange(ports.ours, [Buffer.concat([slow, handshake, text('early')]), talk]);
  await expect.poll(() => ours.seen.length).toBe(1);
  // Nothing of the upgrade shows while the answer before it is owed.
  for (let round = 0; round < 20; round++) await turn();
  expect(upgrades).toEqual([]);
  go();
  const { before, texts } = letIn(await answered);
  expect(before).toMatch(/^HTTP\/1\.1 200 [\s\S]*\/slow 0$/);
  expect(texts).toEqual(['early', 'one', 'two']);
});

test('a client that hangs up within its first request is let go of', async () => {
  for (const request of ['GET / HTTP/1.1\r\nHos', 'G', String(handshake).slice(0, -2)])
    expect(await exchange(ports.ours, [Buffer.from(request)], true)).toHaveLength(0);
});

test('a first request whose head is too long is refused, however it comes', async () => {
  const long = Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(headBytes)}\r\n\r\n`);
  for (const chunks of [[long], pieces(long, 4_000)])
    expect(String(await exchange(ports.ours, chunks))).toMatch(/^HTTP\/1\.1 400 headers_too_large\r\n/);
});

test('a client beyond the most connections is hung up on, and the others stay', async () => {
  const small = (isOnBun ? createBunServer : createNodeServer)({
    ...{ headBytes, cork() {}, upgrade: admit, errorResponse: () => Buffer.alloc(0) },
    request: (_, response) => void response.end('here'),
  });
  const port = await small.listen({ port: 0, host: '127.0.0.1', maxConnections: 1 });
  const first = connect({ port, host: '127.0.0.1' });
  first.write(`GET / HTTP/1.1\r\n${host}\r\n`);
  await new Promise((resolve) => first.once('data', resolve));
  expect(await exchange(port, [])).toHaveLength(0);
  first.write(`GET / HTTP/1.1\r\n${last}\r\n`);
  expect(String(await new Promise((resolve) => first.once('data', resolve)))).toContain('here');
  await new Promise((resolve) => first.once('close', resolve));
  expect(String(await exchange(port, [Buffer.from(`GET / HTTP/1.1\r\n${last}\r\n`)]))).toContain('here');
  small.close();
  small.closeAllConnections();
});

test('a port that is taken is an error with its code', async () => {
  const other = (isOnBun ? createBunServer : createNodeServer)({
    ...{ headBytes, cork() {}, upgrade: admit, errorResponse: () => Buffer.alloc(0) },
    request: (_, response) => void response.end(),
  });
  const taken = { port: ports.ours, host: '127.0.0.1', maxConnections: 1 };
  await expect(other.listen(taken)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
