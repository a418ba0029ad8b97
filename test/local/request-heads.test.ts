import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientHeaders } from '../../functions/local/upgrade.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

/** The headers of an upgrade with these fields. */
function headersOf(fields: string[]) {
  return clientHeaders({ method: 'GET', target: '/', isNew: true, fields });
}

test('an upgrade of more headers than fit is read in one pass', async () => {
  const fields = Array.from({ length: 15_000 }, (_, at) => [`X${at + 10_000}`, `${at}`]).flat();
  const { ms, value: headers } = await cpuTime(() => headersOf(fields));
  expect(ms).toBeLessThan(500);
  expect([Object.keys(headers).length, headers['x24999']]).toEqual([15_000, '14999']);
});

test('lines of one header are joined in their order, whatever its name', () => {
  const headers = headersOf(['Cookie', 'a=1', '__proto__', 'x', 'cookie', 'b=2', '__PROTO__', 'y', 'A', '']);
  expect(Object.entries(headers)).toEqual([
    ['cookie', 'a=1; b=2'],
    ['__proto__', 'x, y'],
    ['a', ''],
  ]);
});

test.for<[string, string]>([
  ['all of whose lines end in LF', 'GET /health HTTP/1.1\nHost: a\n\n'],
  ['of which one does', 'GET /health HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
  ['that asks for a WebSocket', String(upgradeRequest('/lf')).replaceAll('\r\n', '\n')],
])('a head %s is refused at once, not waited for', async ([, request]) => {
  const begun = performance.now();
  expect(await rawRequest(world.gateway.port, request)).toMatch(/^HTTP\/1\.1 400 /);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test('a request without a Host is told so, in a document', async () => {
  const request = 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n';
  const answer = await rawRequest(world.gateway.port, request);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    code: 'malformed_request',
    field: 'Host',
  });
});

test.for<[string, string]>([
  ['without a host', 'http:///a'],
  ['with a port alone', 'http://:80/a'],
  ['with a user', 'http://me@localhost/a'],
  ['with half an address', 'http://[::1/a'],
])('a whole URL %s is no target', async ([, target]) => {
  const upgrade = await rawRequest(world.gateway.port, upgradeRequest(target));
  expect(upgrade).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid_upgrade"/s);
  const plain = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  expect(await rawRequest(world.gateway.port, plain)).toMatch(/^HTTP\/1\.1 400 /);
  expect(world.app.hooks).toEqual([]);
});

test.for<[string, string]>([
  ['', ''],
  [', even to a WebSocket,', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
])('who asks for a tunnel%s is answered, and told that nothing behind it is', async ([, offer]) => {
  const behind = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
  const request = `CONNECT a:80 HTTP/1.1\r\nHost: a\r\n${offer}\r\n${behind}`;
  const answer = await rawRequest(world.gateway.port, request);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer).toMatch(/\r\nConnection: close\r\n/);
});

test('a gateway that has stopped has let go of those who had not said what they want', async () => {
  const stopped = await startLocal();
  const silent = connectTcp(stopped.gateway.port, '127.0.0.1').resume();
  const slow = connectTcp(stopped.gateway.port, '127.0.0.1').resume();
  slow.write('GET /health HTTP/1.1\r\nHo');
  for (const socket of [silent, slow]) socket.on('error', () => undefined);
  const gone = Promise.all([once(silent, 'close'), once(slow, 'close')]);
  // Behind them in the line of those who are taken in.
  expect(await stopped.api.call('GET', '/health')).toMatchObject({ status: 200 });
  const begun = performance.now();
  await stopped.stop();
  await gone;
  expect(performance.now() - begun).toBeLessThan(5_000);
});
