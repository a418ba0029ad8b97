import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientHeaders } from '../../infra/local/upgrade.ts';
import { connect, refused } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

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
  const answer = await rawRequest(world.gateway.port, upgradeRequest(target));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(world.app.hooks).toEqual([]);
});

test('1,024 bytes of path are let in', async () => {
  const path = `/${'x'.repeat(1_023)}`;
  await (await connect(`${world.url}${path}`)).close();
  await world.app.hook(path, 'closed');
  world.app.hooks.length = 0;
});

test.for<[string, Record<string, string>, number]>([
  ['no key', { 'Sec-WebSocket-Key': '' }, 400],
  ['a short key', { 'Sec-WebSocket-Key': 'abc=' }, 400],
  ['an old version', { 'Sec-WebSocket-Version': '7' }, 400],
  ['a subprotocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, 400],
  ['a subprotocol that is no token', { 'Sec-WebSocket-Protocol': 'a b' }, 400],
])('an upgrade with %s is refused before the app is asked', async ([, headers, status]) => {
  const answer = await rawRequest(world.gateway.port, upgradeRequest('/', headers));
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(world.app.hooks).toEqual([]);
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

test('an upgrade of very many headers costs a look at each, not at all of them for each', () => {
  const fields = Array.from({ length: 60_000 }, (_, at) => [`X${100_000 + at}`, String(at)]).flat();
  const before = performance.now();
  const headers = clientHeaders({
    method: 'GET',
    target: '/',
    isNew: true,
    fields: [...fields, 'x100000', 'b'],
  });
  // By a look at all of them for each it would be more than a minute.
  expect(performance.now() - before).toBeLessThan(5_000);
  expect([Object.keys(headers).length, headers['x100000'], headers['x159999']]).toEqual([
    60_000,
    '0, b',
    '59999',
  ]);
});
