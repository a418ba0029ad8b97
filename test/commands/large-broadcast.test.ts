import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { CommandLine } from './command.ts';

let line: CommandLine;
let world: LocalWorld;
beforeAll(async () => {
  line = await CommandLine.build();
  world = await startLocal();
});
afterAll(() => world.stop());

const variables = () => ({
  SOCKETHOOK_API_URL: world.gateway.apiUrl,
  SOCKETHOOK_API_KEY: testSecrets.apiKeys[0],
});

test('`broadcast` to more than 500 sockets waits until each has its outcome; with --no-wait it gives an id', async () => {
  const clients = await Promise.all(Array.from({ length: 501 }, () => connect(`${world.url}/many`)));
  const waited = await line.run(['broadcast', 'one', '--json'], variables());
  expect([waited.code, waited.errors]).toEqual([0, '']);
  expect(JSON.parse(waited.output)).toMatchObject({ status: 'done', delivered: 501, gone: 0, failed: 0 });
  const begun = await line.run(['broadcast', 'two', '--no-wait'], variables());
  expect(begun.code).toBe(0);
  expect(begun.output).toMatch(/^broadcast [\w-]{20,}\n$/);
  for (const client of clients) expect(await client.take(2)).toEqual(['one', 'two']);
  for (const client of clients) client.ws.close();
});

/** A gateway whose broadcast has a status at each look. */
async function slowGateway(statuses: readonly string[]) {
  const counts = { found: 3, delivered: 2, queued: 0, gone: 0, failed: 0 };
  const left = [...statuses];
  const server = createServer((request, response) => {
    const broadcast = 'rx2hrGSNIgRjlsrl4AWtVA';
    const isStart = request.method === 'POST';
    const answer = isStart ? { broadcast } : { broadcast, status: left.shift(), ...counts };
    response.writeHead(isStart ? 202 : 200, { 'Content-Type': 'application/json' });
    request.resume().once('end', () => response.end(JSON.stringify(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, left, variables: { ...variables(), SOCKETHOOK_API_URL: `http://127.0.0.1:${port}` } };
}

test.for([
  { statuses: ['running', 'running', 'done'], code: 0, says: /^delivered 2, .*\n$/ },
  { statuses: ['running', 'cancelled'], code: 1, says: /^delivered 2, .*\nIt was cancelled\.\n$/ },
])('`broadcast` waits through $statuses, and ends with $code', async ({ statuses, code, says }) => {
  const { server, left, variables } = await slowGateway(statuses);
  const ran = await line.run(['broadcast', 'x'], variables);
  expect([ran.code, left]).toEqual([code, []]);
  expect(ran.output).toMatch(says);
  server.close();
});
