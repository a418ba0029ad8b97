import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CommandLine, type Ran } from './command.ts';

let line: CommandLine;
let server: Server;
/** The statuses of the next answers; 500 when there are none left. */
let statuses: number[] = [];
/** What they all are. */
let body: string;
beforeAll(async () => {
  line = await CommandLine.build();
  server = createServer((request, response) => {
    const status = statuses.shift() ?? 500;
    request.resume().once('end', () => response.writeHead(status).end(status === 204 ? undefined : body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  statuses = [];
  body = '{}';
});
afterAll(() => server.close());

function run(...args: readonly string[]): Promise<Ran> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return line.run(args, { SOCKETHOOK_API_URL: url, SOCKETHOOK_API_KEY: 'api-key-one-0123456789' });
}

const [first, second, third] = ['GqeHuLU1vAmaAx0=', 'GqeHuLU1vAmaAx1=', 'GqeHuLU1vAmaAx2='] as const;

test('a command for several sockets that fails at one says what came of those before', async () => {
  statuses = [204, 204, 503, 204];
  const lines = await run('close', first, second, third);
  expect([lines.code, lines.output]).toEqual([1, `closed  ${first}\nclosed  ${second}\n`]);
  expect(lines.errors).toMatch(/^The gateway answered DELETE \/sockets\/\S+ with 503: no reason\.\n$/);
  expect(statuses, 'it goes no further').toEqual([204]);
  statuses = [204];
  const json = await run('groups', 'join', 'a', first, second, '--json');
  expect([json.code, JSON.parse(json.output)]).toEqual([1, [{ id: first, outcome: 'joined' }]]);
  expect(json.errors).toContain('with 500');
});

test('a command that fails at the first of several sockets prints nothing', async () => {
  for (const form of [[], ['--json']])
    expect(await run('close', first, second, ...form)).toMatchObject({ code: 1, output: '' });
});

test('`sockets` of a server that is no gateway names the call that it made', async () => {
  statuses = [200];
  const { code, output, errors } = await run('sockets');
  expect([code, output]).toEqual([1, '']);
  expect(errors).toMatch(/^The gateway answered GET \/sockets with 200: .* Is SOCKETHOOK_API_URL /);
  for (const status of [404, 405]) {
    statuses = [status];
    const refused = await run('sockets');
    expect(refused.errors).toContain(`with ${status}: no reason. Is SOCKETHOOK_API_URL the gateway’s URL?\n`);
  }
  statuses = [404];
  body = '{"detail":"Not Found"}';
  const reasoned = await run('sockets');
  expect(reasoned.errors).toContain('with 404: Not Found. Is SOCKETHOOK_API_URL the gateway’s URL?\n');
});
