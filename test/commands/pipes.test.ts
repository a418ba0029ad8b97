import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandLine } from './command.ts';

/** More than a pipe holds. */
const sockets = Array.from({ length: 1_000 }, (_, at) => ({
  ...{ socket: `socket-${at}`, path: `/${'a'.repeat(200)}`, user: '', openedAt: 1_700_000_000_000 },
}));

/** A server that answers as a gateway with many sockets, or with what moves the cursor of a terminal. */
const server = createServer((request, response) => {
  const isLarge = request.url === '/groups' || request.url === '/sockets';
  response.writeHead(isLarge || request.url?.startsWith('/groups') ? 200 : 400);
  if (isLarge) response.end(JSON.stringify({ sockets }));
  else if (request.url?.startsWith('/groups'))
    response.end(JSON.stringify({ group: 'a\u009b31m\u{e0001}', sockets: 1, users: 1, more: false }));
  else response.end(JSON.stringify({ code: 'bad', detail: 'one\u001b[31m\u009b2J' }));
});

let line: CommandLine;
let gateway: Record<string, string>;
beforeAll(async () => {
  line = await CommandLine.build();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  gateway = { SOCKETHOOK_API_URL: `http://127.0.0.1:${port}`, SOCKETHOOK_API_KEY: 'api-key-one-0123456789' };
});
afterAll(() => {
  server.close();
});

test.for(['', ' --json'])('a reader that leaves early is no failure: sockethook sockets%s', async (flag) => {
  const ran = await line.shell(`sockethook sockets${flag} | head -1; echo "$PIPESTATUS"`, gateway);
  expect(ran.errors).toBe('');
  expect(ran.output).toMatch(/^(SOCKET .*|\{)\n0\n$/);
});

test.for(['sockets', 'sockets --json', 'env'])(
  'a disk that is full is a sentence and a 1: sockethook %s',
  async (command) => {
    const ran = await line.shell(`cd "$(mktemp -d)" && sockethook ${command} >/dev/full`, gateway);
    expect(ran).toEqual({ code: 1, output: '', errors: 'Standard output cannot be written (ENOSPC).\n' });
  },
);

test('no answer of a server moves the cursor of a terminal', async () => {
  const refused = await line.shell('sockethook broadcast hello', gateway);
  expect(refused.errors).toBe('The gateway answered POST /broadcast with 400: one?[31m?2J\n');
  const counted = await line.shell('sockethook groups show a --json', gateway);
  expect(counted.output).toContain('"group": "a\\u009b31m\\udb40\\udc01"');
  expect(JSON.parse(counted.output).group).toBe('a\u009b31m\u{e0001}');
});

test('no argument that a command repeats moves the cursor of a terminal', async () => {
  const ran = await line.shell("sockethook close $'x\\e[31m'", gateway);
  expect(ran.errors + ran.output).not.toContain('\u001b');
});

test('standard input may be as long as a message', async () => {
  const of = (bytes: number): Promise<{ code: number | null; errors: string }> =>
    line.shell(`head -c ${bytes} /dev/zero | tr '\\0' a | sockethook broadcast -`, gateway);
  expect((await of(131_072)).errors, 'it is posted').toContain('The gateway answered POST /broadcast');
  expect(await of(131_073)).toMatchObject({
    code: 2,
    errors: 'Standard input must be at most 131072 bytes of UTF-8.\n',
  });
});

test('standard input that never ends is refused', async () => {
  const ran = await line.shell('yes | sockethook broadcast -', gateway);
  expect([ran.code, ran.errors]).toEqual([2, 'Standard input must be at most 131072 bytes of UTF-8.\n']);
});

test('standard input that is no text is refused instead of changed', async () => {
  const ran = await line.shell("printf 'a\\377b' | sockethook send - socket-1", gateway);
  expect([ran.code, ran.errors]).toEqual([
    2,
    'Standard input must be UTF-8: clients get messages as text.\n',
  ]);
});
