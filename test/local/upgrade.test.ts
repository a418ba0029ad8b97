import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { clientHeaders } from '../../functions/local/upgrade.ts';
import { connect, refused } from '../support/client.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

/** About how many clients the app was asked. What other tests began may end meanwhile, with closed hooks. */
function asked(): number {
  return world.app.hooks.filter(({ fields }) => fields['event'] === 'handshake').length;
}

const overlong = Buffer.from([0x2f, 0xc0, 0xae, 0xc0, 0xae, 0x2f, 0x78]);

test.for<[string, string | Buffer]>([
  ['a step up', '/../x'],
  ['an escaped step up', '/%2e%2e/x'],
  ['a half escaped step', '/%2E./x'],
  ['a step behind an escaped slash', '/a/..%2fx'],
  ['a step behind an escaped backslash', '/a%5c..%5cx'],
  ['a step with a parameter', '/..;/x'],
  ['a backslash', '/\\'],
  ['a backslash in between', '/a\\..\\x'],
  ['an empty segment', '/a//b'],
  ['two slashes', '//x'],
  ['an escaped control character', '/a%00b'],
  ['an escaped line feed', '/a%0d%0aX-Evil:%201'],
  ['a control character', '/a\u0001b'],
  ['a broken escape', '/%zz'],
  ['a cut escape', '/a%'],
  ['1,025 bytes', `/${'x'.repeat(1_024)}`],
  ['overlong UTF-8, escaped', '/%c0%ae%c0%ae/x'],
  ['overlong UTF-8, raw', overlong],
  ['a fragment', '/a#b'],
  ['no slash', 'a'],
  ['another scheme', 'ftp://evil.example/x'],
  ['a step up in a whole URL', 'http://localhost/../x'],
  ['a path twice', '/?path=%2Fa&path=%2Fb'],
  ['a path of its own and another', '/a?path=%2Fb'],
  ['a step up in the parameter', '/?path=%2F..%2Fx'],
  ['an escaped step up in the parameter', '/?path=%2F%252e%252e%2Fx'],
  ['a parameter that is no path', '/?path=a'],
  ['a parameter that is empty', '/?path='],
])('%s in a client’s path gets 400 and reaches no URL of the app', async ([, target]) => {
  const before = asked();
  const answer = await rawRequest(world.gateway.port, upgradeRequest(target));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(asked()).toBe(before);
});

test('1,024 bytes of path are let in', async () => {
  const path = `/${'x'.repeat(1_023)}`;
  await (await connect(`${world.url}${path}`)).close();
  await world.app.hook(path, 'closed');
});

test.for<[string, Record<string, string>, number]>([
  ['no key', { 'Sec-WebSocket-Key': '' }, 400],
  ['a short key', { 'Sec-WebSocket-Key': 'abc=' }, 400],
  ['an old version', { 'Sec-WebSocket-Version': '7' }, 400],
  ['a subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, 400],
  ['a subprotocol that is no token', { 'Sec-WebSocket-Protocol': 'a b' }, 400],
])('an upgrade with %s is refused before the app is asked', async ([, headers, status]) => {
  const before = asked();
  const answer = await rawRequest(world.gateway.port, upgradeRequest('/', headers));
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(asked()).toBe(before);
});

test('a URL of 4,096 characters is let in, and one of 4,097 gets 414', async () => {
  const room = 4_096 - '/long?x='.length;
  await (await connect(`${world.url}/long?x=${'y'.repeat(room)}`)).close();
  expect((await refused(`${world.url}/long?x=${'y'.repeat(room + 1)}`)).status).toBe(414);
});

test('a path in the URL and in the parameter “path” are told alike, escapes and all', async () => {
  const path = '/a%20b%2Fc/%C3%A9;v=1';
  await (await connect(`${world.url}${path}?x=1&y=2`)).close();
  await (await connect(`${world.url}/?x=1&path=${encodeURIComponent(path)}&y=2`)).close();
  await world.app.hook(path, 'closed');
  const [one, other] = world.app.of(path, 'handshake');
  expect(one?.url).toBe('/websocket/handshake/a%20b%2Fc/%C3%A9;v=1?x=1&y=2');
  expect(other?.url).toBe(one?.url);
  expect(other?.fields['query']).toBe('x=1&y=2');
});

test('characters that a query can’t hold are escaped, and change no other hook', async () => {
  const answered = rawRequest(world.gateway.port, upgradeRequest(Buffer.from('/q?a={"b"}&c=<x>')));
  const { url, fields } = await world.app.hook('/q', 'handshake');
  expect(url).toBe('/websocket/handshake/q?a=%7B%22b%22%7D&c=%3Cx%3E');
  expect(fields['query']).toBe('a=%7B%22b%22%7D&c=%3Cx%3E');
  const { json } = await world.api.call('GET', '/sockets?path=/q');
  const [{ socket }] = json['sockets'] as [{ socket: string }];
  await world.api.call('DELETE', `/sockets/${encodeURIComponent(socket)}`);
  expect(await Promise.race([answered, world.app.hook('/q', 'closed')])).toBeTruthy();
});

test('a request that offers another upgrade is answered as if it had not', async () => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
  const body = 'sockets=a&body=b';
  const answer = await rawRequest(
    world.gateway.port,
    `POST /send HTTP/1.1\r\nHost: x\r\n${offer}Authorization: Bearer ${world.api.key}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
      'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toContain('"gone":["a"]');
  // Node.js would lose what came behind it: its client is to see that it has to ask again (RFC 9112 section 9.3.2).
  expect(answer).toMatch(/\r\nConnection: close\r\n/);
});

test('a message may come in any number of fragments', async () => {
  const client = await connect(`${world.url}/fragments`);
  for (let at = 0; at < 20_000; at++) client.ws.send('x', { fin: false });
  client.ws.send('', { fin: true });
  expect((await world.app.hook('/fragments', 'message')).fields['body']).toBe('x'.repeat(20_000));
  await client.close();
});

test('a whole URL as the target is taken, by its path, whatever host it names', async () => {
  const socket = connectTcp(world.gateway.port, '127.0.0.1');
  socket.write(upgradeRequest('http://127.0.0.1:8080/whole?x=1'));
  const { url, fields } = await world.app.hook('/whole', 'handshake');
  expect([url, fields['path'], fields['query']]).toEqual(['/websocket/handshake/whole?x=1', '/whole', 'x=1']);
  socket.destroy();
  const answer = await rawRequest(
    world.gateway.port,
    'GET http://127.0.0.1:8080/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

const offer = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

test.for<[string, string, RegExp]>([
  ['no Host', `GET / HTTP/1.1\r\n${offer}${key}\r\n`, /"field":"Host"/],
  ['two of them', `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n${offer}${key}\r\n`, /"field":"Host"/],
  ['a Host with a space', `GET / HTTP/1.1\r\nHost: a b\r\n${offer}${key}\r\n`, /"field":"Host"/],
  ['no key', `GET / HTTP/1.1\r\nHost: a\r\n${offer}\r\n`, /"field":"Sec-WebSocket-Key"/],
  [
    'an empty list of subprotocols',
    `GET / HTTP/1.1\r\nHost: a\r\n${offer}${key}Sec-WebSocket-Protocol: ,\r\n\r\n`,
    /"field":"Sec-WebSocket-Protocol","detail":"Sec-WebSocket-Protocol names no subprotocol/,
  ],
  [
    'a body',
    `GET / HTTP/1.1\r\nHost: a\r\n${offer}${key}Content-Length: 3\r\n\r\nabc`,
    /"field":"Content-Length"/,
  ],
])('an upgrade with %s is 400, and is told why', async ([, request, why]) => {
  const answer = await rawRequest(world.gateway.port, request);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"code":"invalid_upgrade"');
  expect(answer.split('\r\n\r\n')[1]).toMatch(why);
});

test.for<[string, string]>([
  ['HTTP/1.0, as proxies send it', `GET /old HTTP/1.0\r\nHost: a\r\n${offer}${key}\r\n`],
  ['HTTP/1.0 without a Host', `GET /old HTTP/1.0\r\n${offer}${key}\r\n`],
  [
    'a list of protocols',
    `GET /old HTTP/1.1\r\nHost: a\r\n${offer.replace('websocket', 'h2c, WebSocket')}${key}\r\n`,
  ],
  [
    'subprotocols of which one is empty',
    `GET /old HTTP/1.1\r\nHost: a\r\n${offer}${key}Sec-WebSocket-Protocol: a, , b\r\n\r\n`,
  ],
])('an upgrade of %s is let in', async ([, request]) => {
  world.app.hooks.length = 0;
  const socket = connectTcp(world.gateway.port, '127.0.0.1');
  socket.write(request);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
  await world.app.hook('/old', 'closed');
});

test.for<[string, string, number, string]>([
  ['two Hosts', 'GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'malformed_request'],
  ['a header without a colon', 'GET /health HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n', 400, 'malformed_request'],
  [
    'headers of 25 KB',
    `POST /send HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(25_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
])('a request with %s is told why it can’t be read, in a document', async ([, request, status, code]) => {
  const answer = await rawRequest(
    world.gateway.port,
    request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
  );
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toMatch(/\r\nx-request-id: req_/i);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, code });
});

test('the head of an upgrade may have 24,576 bytes, and one more is 431', async () => {
  const head = (bytes: number): string => {
    const request = `GET /head HTTP/1.1\r\nHost: a\r\n${offer}${key}X: `;
    return `${request}${'x'.repeat(bytes - request.length)}\r\n\r\n`;
  };
  const socket = connectTcp(world.gateway.port, '127.0.0.1');
  socket.write(head(24_576));
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
  const answer = await rawRequest(world.gateway.port, head(24_577));
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ limit: 24_576 });
});

test('with LIMITS=none a URL of 16,384 characters is let in, and one of 16,385 gets 414', async () => {
  const unlimited = await startLocal({ LIMITS: 'none' }, limitSets.none);
  const room = 16_384 - '/long?x='.length;
  await (await connect(`${unlimited.url}/long?x=${'y'.repeat(room)}`)).close();
  expect((await refused(`${unlimited.url}/long?x=${'y'.repeat(room + 1)}`)).status).toBe(414);
  await unlimited.stop();
});

test('who has its answer can’t hold the connection with a body that drips', async () => {
  const socket = connectTcp(world.gateway.port, '127.0.0.1');
  socket.write(
    'POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  );
  const drip = setInterval(() => socket.write(' '), 100);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 401 /);
  const begun = performance.now();
  socket.on('error', () => {});
  await once(socket, 'close');
  clearInterval(drip);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('an upgrade of very many headers costs a look at each, not at all of them for each', async () => {
  const fields = Array.from({ length: 60_000 }, (_, at) => [`X${100_000 + at}`, String(at)]).flat();
  const head = { method: 'GET', target: '/', isNew: true, fields: [...fields, 'x100000', 'b'] };
  const { ms, value: headers } = await cpuTime(() => clientHeaders(head));
  // By a look at all of them for each it would be more than a minute.
  expect(ms).toBeLessThan(5_000);
  expect([Object.keys(headers).length, headers['x100000'], headers['x159999']]).toEqual([
    60_000,
    '0, b',
    '59999',
  ]);
});
