import { afterAll, beforeAll, expect, test } from 'vitest';
import { refused } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { rawRequest, upgradeRequest } from '../support/raw.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

/** The header lines of an upgrade that the app refuses with this. */
async function refusal(path: string, status: number, headers: Record<string, string | string[]> = {}) {
  world.app.on(path, (_, response) => {
    response.writeHead(status, headers).end();
    return status;
  });
  const answer = await rawRequest(world.gateway.port, upgradeRequest(path));
  const [head = ''] = answer.split('\r\n\r\n');
  return head.split('\r\n');
}

test('the app’s own challenges reach the client, each in a line of its own', async () => {
  const challenges = ['Basic realm="caf\xe9"', 'Digest realm="b", nonce="c"'];
  const lines = await refusal('/challenged', 401, { 'WWW-Authenticate': challenges, 'Set-Cookie': 'a=b' });
  expect(lines[0]).toBe('HTTP/1.1 401 Unauthorized');
  expect(lines.filter((line) => line.startsWith('WWW-'))).toEqual(
    challenges.map((challenge) => `WWW-Authenticate: ${challenge}`),
  );
  expect(lines.some((line) => /set-cookie/i.test(line))).toBe(false);
});

test.for<[number, Record<string, string>, string[]]>([
  [401, {}, ['WWW-Authenticate: Bearer realm="sockethook"']],
  [405, { Allow: 'PUT' }, ['Allow: PUT']],
  [405, {}, ['Allow: GET']],
  [407, { 'Proxy-Authenticate': 'Basic realm="p"' }, ['Proxy-Authenticate: Basic realm="p"']],
  [426, {}, ['Upgrade: websocket', 'Connection: Upgrade']],
  [426, { Upgrade: 'websocket/14', Connection: 'Upgrade' }, ['Upgrade: websocket/14', 'Connection: Upgrade']],
  [429, { 'Retry-After': '30' }, ['Retry-After: 30']],
])('a client whom the app refuses with %i and %j is told %j', async ([status, headers, told]) => {
  const lines = await refusal(`/refused/${status}`, status, headers);
  expect(lines[0]).toContain(`HTTP/1.1 ${status} `);
  expect(lines).toEqual(expect.arrayContaining(told));
});

test('a client is told when to come again to an app that is overloaded', async () => {
  const lines = await refusal('/overloaded', 503, { 'Retry-After': '120' });
  expect(lines[0]).toBe('HTTP/1.1 502 Bad Gateway');
  expect(lines).toContain('Retry-After: 120');
});

test('a header that is too long is left out, and ours stands in its place', async () => {
  const challenge = `Basic realm="${'x'.repeat(2_000)}"`;
  const lines = await refusal('/long', 401, { 'WWW-Authenticate': challenge });
  expect(lines.filter((line) => line.startsWith('WWW-'))).toEqual([
    'WWW-Authenticate: Bearer realm="sockethook"',
  ]);
});

test('a client whose ticket is no good is told so', async () => {
  const { status, headers } = await refused(`${world.url}/?ticket=nonsense`);
  expect(status).toBe(401);
  expect(headers['www-authenticate']).toBe('Bearer realm="sockethook", error="invalid_token"');
});
