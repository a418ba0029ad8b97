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
  expect(waited.code).toBe(0);
  expect(waited.errors, 'who repeats it must know').toMatch(/^broadcast [\w-]{20,}\n$/);
  expect(JSON.parse(waited.output)).toMatchObject({ status: 'done', delivered: 501, gone: 0, failed: 0 });
  const begun = await line.run(['broadcast', 'two', '--no-wait'], variables());
  expect(begun.code).toBe(0);
  expect(begun.output).toMatch(/^broadcast [\w-]{20,}\n$/);
  for (const client of clients) expect(await client.take(2)).toEqual(['one', 'two']);
  for (const client of clients) client.ws.close();
});

const broadcast = 'rx2hrGSNIgRjlsrl4AWtVA';

/** A gateway whose broadcast has a status at each look. A number is a look that fails with it, 0 one without answer. */
async function slowGateway(statuses: readonly (string | number)[]) {
  const counts = { found: 3, delivered: 2, queued: 0, gone: 0, failed: 0 };
  const left = [...statuses];
  const server = createServer((request, response) => {
    const isStart = request.method === 'POST';
    const status = isStart ? 202 : (left.shift() ?? 500);
    const answer = isStart ? { broadcast } : { broadcast, status, ...counts };
    if (status === 0) {
      response.destroy();
      return;
    }
    response.writeHead(typeof status === 'number' ? status : 200, { 'Content-Type': 'application/json' });
    request.resume().once('end', () => response.end(JSON.stringify(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, left, variables: { ...variables(), SOCKETHOOK_API_URL: `http://127.0.0.1:${port}` } };
}

test.for([
  { statuses: ['running', 'running', 'done'], code: 0, says: /^delivered 2, .*\n$/ },
  { statuses: ['running', 'cancelled'], code: 1, says: /^delivered 2, .*\nIt was cancelled\.\n$/ },
  { statuses: [503, 0, 503, 502, 0, 'running', 503, 'done'], code: 0, says: /^delivered 2, .*\n$/ },
])('`broadcast` waits through $statuses, and ends with $code', async ({ statuses, code, says }) => {
  const { server, left, variables } = await slowGateway(statuses);
  const ran = await line.run(['broadcast', 'x'], variables);
  expect([ran.code, left]).toEqual([code, []]);
  expect(ran.output).toMatch(says);
  expect(ran.errors).toBe(`broadcast ${broadcast}\n`);
  server.close();
});

test.for([
  { statuses: ['running', ...Array(6).fill(503), 'done'], looks: 7, says: 'with 503: no reason' },
  { statuses: ['running', ...Array(6).fill(0), 'done'], looks: 7, says: 'does not answer' },
  { statuses: [401, 'done'], looks: 1, says: 'with 401: no reason' },
])(
  '`broadcast` that cannot learn more after $looks looks says which one goes on',
  async ({ statuses, looks, says }) => {
    const { server, left, variables } = await slowGateway(statuses);
    const ran = await line.run(['broadcast', 'x', '--json'], variables);
    expect([ran.code, ran.output, statuses.length - left.length]).toEqual([1, '', looks]);
    expect(ran.errors).toContain(says);
    expect(ran.errors).toMatch(new RegExp(`^broadcast ${broadcast}\n`));
    expect(ran.errors).toMatch(new RegExp(`\nbroadcast ${broadcast} goes on; its progress is unknown\n$`));
    server.close();
  },
);
