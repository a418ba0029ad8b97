import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { upgradeRequest } from '../support/raw.ts';
import { close, inTwo, pieces, text } from '../websocket/client-frames.ts';
import { readServerFrames } from '../websocket/server-frames.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

const { headBytes } = limitSets['api-gateway'];
const key = testSecrets.apiKeys[0] ?? '';
const authorization = `Authorization: Bearer ${key}\r\n`;
const usual = `Host: a\r\n${authorization}Content-Type: application/json\r\n`;
const form = `Host: a\r\n${authorization}Content-Type: application/x-www-form-urlencoded\r\n`;
const said = '{"body":"x"}';
const sent = '{"sockets":["nobody"],"body":"x"}';

/** A call with these lines of headers, without its length if the body is undefined. */
function call(path: string, fields: string, body: string | undefined, version = 'HTTP/1.1'): string {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return `POST ${path} ${version}\r\n${fields}${length}\r\n${body ?? ''}`;
}

/** A broadcast with these lines of headers, among them its length. */
const withLength = (...lines: string[]): string =>
  `POST /broadcast HTTP/1.1\r\n${usual}${lines.map((line) => `${line}\r\n`).join('')}\r\n${said}`;

/** A broadcast of so many bytes in all. */
function ofBytes(size: number): string {
  const start = call('/broadcast', usual, '');
  const body = size - start.length - 'nnnn'.length;
  return call('/broadcast', usual, said.padEnd(body, ' '));
}

/** A broadcast whose head, without the empty line, has so many bytes. */
function withHead(size: number): string {
  const head = call('/broadcast', `${usual}X: \r\n`, said).indexOf('\r\n\r\n');
  return call('/broadcast', `${usual}X: ${'x'.repeat(size - head)}\r\n`, said);
}

const ping = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
/** Shows whether the connection is still served, and ends it. */
const last = 'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** A connection, with all that came back. */
class Caller {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  #received = '';

  constructor() {
    this.socket = connect({
      port: world.gateway.port,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    this.socket.on('data', (bytes) => {
      this.#received += bytes.toString('latin1');
    });
    this.socket.on('end', () => this.socket.end());
    this.ended = new Promise((resolve) => this.socket.on('close', () => resolve()).on('error', () => {}));
  }

  /** What has come so far, but for what differs each time. */
  get received(): string {
    return this.#received.replaceAll(/^(Date|X-Request-Id): .*$/gm, '$1');
  }

  get statuses(): string[] {
    return [...this.#received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status);
  }

  /** What has come, as bytes. */
  get bytes(): Buffer {
    return Buffer.from(this.#received, 'latin1');
  }

  /** Writes each piece in a packet of its own, as far as that is in our hands. */
  async send(...chunks: (string | Buffer)[]): Promise<void> {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
      await new Promise((resolve) => this.socket.write(bytes, resolve));
      await turn();
    }
  }

  /** The first answer has come, whole. */
  async answered(): Promise<void> {
    await expect.poll(() => this.#received.endsWith('}'), { interval: 5 }).toBe(true);
  }

  /** So many answers have begun. */
  async answers(count: number): Promise<void> {
    await expect.poll(() => this.statuses.length, { interval: 5 }).toBeGreaterThanOrEqual(count);
  }

  forget(): void {
    this.#received = '';
  }
}

/** A connection that `node:http` serves for good. */
async function plainCaller(): Promise<Caller> {
  const caller = new Caller();
  await caller.send(ping);
  await caller.answered();
  caller.forget();
  return caller;
}

let keys = 0;
/** A key that no other call has. */
const fresh = (request: string): string => request.replaceAll('{key}', () => `key-${++keys}`.padEnd(20, '-'));

/** All that comes back for these bytes, until the end. Each but the first is sent once there was an answer. */
async function exchange(caller: Caller, ...parts: string[]): Promise<string> {
  for (const [at, part] of parts.entries()) {
    if (at > 0) await caller.answers(at);
    await caller.send(part);
  }
  await caller.ended;
  return caller.received;
}

const requests: [string, string][] = [
  ['a broadcast in JSON', call('/broadcast', usual, said)],
  ['a send in JSON', call('/send', usual, sent)],
  ['a broadcast as a form', call('/broadcast', form, 'body=%C3%A4+b')],
  ['a send as a form', call('/send', form, 'sockets=nobody&sockets=x&body=')],
  ['a form with escapes that are not UTF-8', call('/broadcast', form, 'body=%ff')],
  ['a broken form', call('/broadcast', form, said)],
  ['JSON of latin1', call('/broadcast', usual, '{"body":"\xe4"}')],
  [
    'JSON with text of UTF-8 in its answer',
    call('/send', usual, '{"sockets":["\xc3\xa4\xe2\x82\xac"],"body":""}'),
  ],
  ['half a surrogate', call('/send', usual, '{"sockets":["\\ud800"],"body":""}')],
  ['broken JSON', call('/send', usual, '{')],
  ['an unknown field', call('/send', usual, '{"sockets":["a"],"body":"x","more":1}')],
  ['no body', call('/send', usual, '')],
  ['another type', call('/send', usual.replace('json', 'xml'), sent)],
  ['a type with a parameter', call('/send', usual.replace('json', 'json; charset=utf-8'), sent)],
  ['no type', call('/send', `Host: a\r\n${authorization}`, sent)],
  ['a wrong key', call('/send', 'Host: a\r\nAuthorization: Bearer wrong\r\n', sent)],
  ['a key of latin1', call('/send', 'Host: a\r\nAuthorization: Bearer \xe4\xf6\r\n', sent)],
  ['no key', call('/send', 'Host: a\r\n', sent)],
  ['spaces around the key', call('/send', usual.replace(`${key}`, `  ${key} \t `), sent)],
  ['an idempotency key', call('/send', `${usual}Idempotency-Key: {key}\r\n`, sent)],
  ['an empty idempotency key', call('/send', `${usual}Idempotency-Key:\r\n`, sent)],
  ['an idempotency key of latin1', call('/send', `${usual}Idempotency-Key: \xe4\r\n`, sent)],
  ['two idempotency keys', call('/send', `${usual}Idempotency-Key: {key}\r\nIdempotency-Key: b\r\n`, sent)],
  ['two keys', call('/send', `${usual}${authorization}`, sent)],
  ['two keys, the first of them wrong', call('/send', `Authorization: Bearer wrong\r\n${usual}`, sent)],
  ['two types', call('/send', `${usual}Content-Type: text/plain\r\n`, sent)],
  ['names in other cases', call('/send', usual.toUpperCase().replace(key.toUpperCase(), key), sent)],
  ['names in lower case', call('/send', usual.toLowerCase(), sent)],
  ['names of prototypes', call('/send', `${usual}__proto__: x\r\nconstructor: y\r\n`, sent)],
  ['a path with a slash behind it', call('/send/', usual, sent)],
  ['a query', call('/send?x=1', usual, sent)],
  ['an empty query', call('/send?', usual, sent)],
  ['a fragment', call('/send#x', usual, sent)],
  ['two slashes', call('//send', usual, sent)],
  ['an escaped path', call('/%73end', usual, sent)],
  ['a path in capitals', call('/SEND', usual, sent)],
  ['a path without a slash', call('send', usual, sent)],
  ['a path of latin1', call('/s\xe4nd', usual, sent)],
  ['a whole URL', call('http://a/send', usual, sent)],
  ['a whole URL without a host', call('http:///send', usual, sent)],
  ['two spaces before the path', call(' /send', usual, sent)],
  ['another call', call('/urls', usual, '{"path":1}')],
  ['no call', call('/nothing', usual, '{}')],
  ['GET', call('/send', usual, undefined).replace('POST', 'GET')],
  ['HEAD', call('/send', usual, undefined).replace('POST', 'HEAD')],
  ['PUT', call('/send', usual, sent).replace('POST', 'PUT')],
  ['a method in lower case', call('/send', usual, sent).replace('POST', 'post')],
  ['a longer method', call('/send', usual, sent).replace('POST', 'POSTS')],
  ['empty lines before it', `\r\n\r\n${call('/send', usual, sent)}`],
  ['HTTP/1.0', call('/send', usual, sent, 'HTTP/1.0')],
  ['HTTP/1.0 that stays', call('/send', `${usual}Connection: keep-alive\r\n`, sent, 'HTTP/1.0')],
  ['HTTP/1.2', call('/send', usual, sent, 'HTTP/1.2')],
  ['HTTP/2.0', call('/send', usual, sent, 'HTTP/2.0')],
  ['HTTP/1.10', call('/send', usual, sent, 'HTTP/1.10')],
  ['http/1.1', call('/send', usual, sent, 'http/1.1')],
  ['no version', `POST /send\r\n${usual}\r\n`],
  ['no header', 'POST /send HTTP/1.1\r\n\r\n'],
  ['Connection: close', call('/send', `${usual}Connection: close\r\n`, sent)],
  ['Connection: Keep-Alive', call('/send', `${usual}Connection: Keep-Alive\r\n`, sent)],
  ['Connection: close and more', call('/send', `${usual}Connection: keep-alive, close\r\n`, sent)],
  ['an empty Connection', call('/send', `${usual}Connection:\r\n`, sent)],
  ['two Connections', call('/send', `${usual}Connection: keep-alive\r\nConnection: close\r\n`, sent)],
  ['Proxy-Connection', call('/send', `${usual}Proxy-Connection: close\r\n`, sent)],
  ['Keep-Alive', call('/send', `${usual}Keep-Alive: timeout=1, max=1\r\n`, sent)],
  ['no Host', call('/send', usual.replace('Host: a\r\n', ''), sent)],
  ['two Hosts', call('/send', `Host: b\r\n${usual}`, sent)],
  ['the same Host twice', call('/send', `Host: a\r\n${usual}`, sent)],
  ['an empty Host', call('/send', usual.replace('Host: a', 'Host:'), sent)],
  ['a Host with spaces', call('/send', usual.replace('Host: a', 'Host: a b'), sent)],
  ['a Host with a user', call('/send', usual.replace('Host: a', 'Host: me@a'), sent)],
  ['a Host with a port', call('/send', usual.replace('Host: a', 'Host: [::1]:80'), sent)],
  ['no length', `POST /send HTTP/1.1\r\n${usual}\r\n`],
  ['an empty length', withLength('Content-Length:')],
  ['two lengths', withLength('Content-Length: 12', 'Content-Length: 13')],
  ['one length twice', withLength('Content-Length: 12', 'Content-Length: 12')],
  ['one length twice, in two spellings', withLength('Content-Length: 12', 'CONTENT-LENGTH: 12')],
  ['a list of lengths', withLength('Content-Length: 12, 12')],
  ['a length with a sign', withLength('Content-Length: +12')],
  ['a length with a zero', withLength('Content-Length: 012')],
  ['a length with a point', withLength('Content-Length: 12.0')],
  ['a length of hexadecimal digits', withLength('Content-Length: 0xc')],
  ['a negative length', withLength('Content-Length: -12')],
  ['a length with spaces', withLength('Content-Length:    12   ')],
  ['a length without a space', withLength('Content-Length:12')],
  ['a length with a tab before it', withLength('Content-Length:\t12')],
  ['a length with a tab behind it', withLength('Content-Length: 12\t')],
  ['a length within a number', withLength('Content-Length: 1 2')],
  ['a length of seven digits', call('/broadcast', usual, said.padEnd(1_000_000, ' '))],
  ['a length beyond 64 bits', withLength('Content-Length: 99999999999999999999999')],
  ['chunks', withLength('Transfer-Encoding: chunked').replace(said, `c\r\n${said}\r\n0\r\n\r\n`)],
  ['chunks, then a length', withLength('Transfer-Encoding: chunked', 'Content-Length: 12')],
  ['a length, then chunks', withLength('Content-Length: 12', 'Transfer-Encoding: chunked')],
  ['an encoding and a length', withLength('Content-Length: 12', 'Transfer-Encoding: identity')],
  ['no encoding and a length', withLength('Content-Length: 12', 'Transfer-Encoding:')],
  [
    'an encoding with a space before its colon',
    withLength('Content-Length: 12', 'Transfer-Encoding : chunked'),
  ],
  ['an encoding in a folded line', withLength('Content-Length: 12', 'X: y', ' Transfer-Encoding: chunked')],
  ['an expectation', withLength('Content-Length: 12', 'Expect: 100-continue')],
  ['an unknown expectation', withLength('Content-Length: 12', 'Expect: more')],
  ['TE and Trailer', withLength('Content-Length: 12', 'TE: trailers', 'Trailer: x')],
  ['a folded line', withLength('Content-Length: 12', 'X: a', '\tb')],
  ['a space before a colon', withLength('Content-Length: 12', 'X : a')],
  ['a space before a length', withLength('Content-Length : 12')],
  ['a line without a colon', withLength('Content-Length: 12', 'X')],
  ['a line without a name', withLength('Content-Length: 12', ': x')],
  ['a bare LF', withLength('Content-Length: 12', 'X: a\nY: b')],
  ['a bare LF at the end of its head', withLength('Content-Length: 12').replace('12\r\n\r\n', '12\n\r\n')],
  ['bare LFs alone', withLength('Content-Length: 12').replaceAll('\r\n', '\n')],
  ['a bare CR', withLength('Content-Length: 12', 'X: a\rY: b')],
  ['a CR before the CR', withLength('Content-Length: 12', 'X: a\r')],
  ['a NUL', withLength('Content-Length: 12', 'X: a\0b')],
  ['a NUL in a name', withLength('Content-Length\0: 12')],
  ['a DEL', withLength('Content-Length: 12', 'X: \x7f')],
  ['a vertical tab', withLength('Content-Length: 12', 'X: \x0b')],
  ['a tab', withLength('Content-Length: 12', 'X: a\tb\t')],
  ['obs-text', withLength('Content-Length: 12', 'X: \x80\xa0\xff')],
  ['obs-text in a name', withLength('Content-Length: 12', '\xe4: x')],
  [
    'an offer of h2c',
    withLength(
      'Content-Length: 12',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
    ),
  ],
  ['an offer of h2c without Connection', withLength('Content-Length: 12', 'Upgrade: h2c')],
  ['an offer of a WebSocket', withLength('Content-Length: 12', 'Connection: Upgrade', 'Upgrade: websocket')],
  ['500 headers', withLength('Content-Length: 12', ...Array.from({ length: 500 }, (_, at) => `X${at}: y`))],
  ['a header twice', withLength('Content-Length: 12', 'Accept: a', 'Accept: b')],
  ['a head as long as it may be', withHead(headBytes)],
  ['a head that is a byte longer', withHead(headBytes + 1)],
  ['a head that is far too long', withHead(headBytes + 1_000)],
  ['65,536 bytes in all', ofBytes(65_536)],
  ['65,537 bytes in all', ofBytes(65_537)],
  ['an answer in its body', call('/broadcast', usual, `{"body":"${'HTTP/1.1 200 OK\\r\\n\\r\\n'}"}`)],
  ['a request in its body', call('/broadcast', form, last)],
];

/** A connection that has had one simple call. */
async function simpleCaller(): Promise<Caller> {
  const caller = new Caller();
  await caller.send(call('/broadcast', usual, said));
  await caller.answered();
  caller.forget();
  return caller;
}

test.for(requests)('a call with %s is answered as by node:http', async ([, request]) => {
  for (const [first = '', ...rest] of [[request, last], [request + last]]) {
    const expected = await exchange(await plainCaller(), fresh(first), ...rest);
    expect(await exchange(new Caller(), fresh(first), ...rest), 'first').toBe(expected);
    expect(await exchange(await simpleCaller(), fresh(first), ...rest), 'second').toBe(expected);
  }
});

test.for<[string, string]>([
  ['a length of zero', withLength('Content-Length: 0')],
  ['a length that is too short', withLength('Content-Length: 11')],
])('a call with %s is answered, and what is behind it is refused', async ([, request]) => {
  const caller = new Caller();
  await exchange(caller, request + last);
  expect(caller.statuses).toEqual(['400', '400']);
  expect(caller.received).toContain('"code":"malformed_body"');
  expect(caller.received).toMatch(/Connection: close\r\n\r\n.*"code":"malformed_request"\}$/);
});

const broadcast = call('/broadcast', form, 'body=%C3%A4');
const ended = call('/broadcast', usual, said);
/** The answers to these calls by `node:http`. */
const plainly = async (...parts: string[]): Promise<string> => exchange(await plainCaller(), ...parts);

test('a call in pieces is answered as one that is whole, wherever it is cut', async () => {
  const expected = await plainly(broadcast, last);
  const bytes = Buffer.from(broadcast, 'latin1');
  const ways = [pieces(bytes, 1), ...inTwo(bytes)];
  for (const count of [3, 4, 5, 6]) ways.push(pieces(bytes, Math.ceil(bytes.length / count)));
  for (const way of ways) {
    const caller = new Caller();
    await caller.send(...way);
    await caller.answers(1);
    await caller.send(last);
    await caller.ended;
    expect(caller.received).toBe(expected);
  }
});

test('50 calls in one write are answered in their order', async () => {
  const calls = Array.from({ length: 50 }, (_, at) =>
    call('/send', usual, JSON.stringify({ sockets: [`nobody-${at}`], body: 'x' })),
  );
  const expected = await plainly(calls.join('') + last);
  const caller = new Caller();
  await exchange(caller, calls.join('') + last);
  expect(caller.statuses).toHaveLength(51);
  expect(caller.received).toBe(expected);
  const gone = [...caller.received.matchAll(/"gone":\["nobody-(\d+)"\]/g)].map(([, at]) => Number(at));
  expect(gone).toEqual(Array.from({ length: 50 }, (_, at) => at));
});

test('calls of all kinds in one write are answered in their order', async () => {
  const chunked = withLength('Transfer-Encoding: chunked').replace(said, `c\r\n${said}\r\n0\r\n\r\n`);
  const mixes = [
    [broadcast, ping, ended, last],
    [ping, broadcast, ended, last],
    [broadcast, chunked, broadcast, ping, last],
    [broadcast, call('/nothing', usual, '{}'), broadcast, last],
    [broadcast, ended, call('/send', `${usual}Connection: close\r\n`, sent)],
  ];
  for (const mix of mixes) {
    const caller = new Caller();
    expect(await exchange(caller, mix.join(''))).toBe(await plainly(mix.join('')));
    expect(caller.statuses).toHaveLength(mix.length);
  }
});

test('a WebSocket opens on a connection that has had calls, with them in one write or after them', async () => {
  const talk = [upgradeRequest('/room'), text('hello'), close(1000)];
  world.app.on('/room', () => 204);
  const together = new Caller();
  await together.send(Buffer.concat([Buffer.from(broadcast + ended), ...talk]));
  await together.ended;
  const apart = await simpleCaller();
  await apart.send(ended);
  await apart.answers(1);
  await apart.send(...talk);
  await apart.ended;
  for (const [caller, calls] of [
    [together, 2],
    [apart, 1],
  ] as const) {
    expect(caller.statuses).toEqual([...Array.from({ length: calls }, () => '200'), '101']);
    const at = caller.bytes.lastIndexOf('\r\n\r\n') + 4;
    const { frames } = readServerFrames(caller.bytes.subarray(at));
    expect(frames.map(({ opcode }) => opcode)).toContain(8);
  }
});

test('who sends a FIN behind a call gets its answer, and within one a refusal', async () => {
  const whole = new Caller();
  whole.socket.end(broadcast);
  await whole.ended;
  expect(whole.statuses).toEqual(['200']);
  for (const size of [4, 30, broadcast.indexOf('\r\n\r\n') + 4, broadcast.length - 1]) {
    const answers: string[] = [];
    for (const caller of [await plainCaller(), new Caller(), await simpleCaller()]) {
      caller.socket.end(broadcast.slice(0, size));
      await caller.ended;
      answers.push(caller.received);
    }
    expect(answers[0]).toMatch(/^HTTP\/1\.1 400 .*"code":"malformed_request"/s);
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
  }
  for (const caller of [new Caller(), await simpleCaller()]) {
    caller.socket.end();
    await caller.ended;
    expect(caller.received).toBe('');
  }
});

test('a gateway that stops lets go of those that called and those within a call', async () => {
  const stopped = await startLocal();
  const own = world;
  world = stopped;
  try {
    const idle = await simpleCaller();
    const within = await simpleCaller();
    await within.send(broadcast.slice(0, -1));
    const begun = performance.now();
    await stopped.stop();
    await Promise.all([idle.ended, within.ended]);
    expect(performance.now() - begun).toBeLessThan(4_500);
  } finally {
    world = own;
  }
});
