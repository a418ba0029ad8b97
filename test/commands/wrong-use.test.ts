import { beforeAll, expect, test } from 'vitest';
import { doc } from '../readme/page.ts';
import { freePort } from '../support/free-port.ts';
import { CommandLine } from './command.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await CommandLine.build();
});

const key = 'api-key-one-0123456789';

test('a gateway that is down is a sentence and a 1', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const ran = await line.run(['sockets'], { SOCKETHOOK_API_URL: url, SOCKETHOOK_API_KEY: key });
  expect([ran.code, ran.output]).toEqual([1, '']);
  expect(ran.errors).toMatch(/^The gateway at \S+ does not answer\. Is it running, .*\?\n$/);
});

test.for([
  { args: ['sockets'], says: /^SOCKETHOOK_API_URL is not set.*\nFor a gateway of this folder: eval .*env/ },
  { args: ['url', '/a'], says: /^SOCKETHOOK_WEBSOCKET_URL is not set/ },
  { args: ['url', '--group', 'a', '/a', '/b'], says: /too many arguments/ },
  { args: ['url', '/../a'], says: /^"path" cannot be used/ },
  { args: ['url', '/a', '--expires-in', 'soon'], says: /--expires-in.*It must be a whole number/ },
  { args: ['sockets', '--limit', '0'], says: /^"limit" must be a whole number from 1 to 1000/ },
  {
    args: ['send', 'x'],
    says: /missing required argument 'socket'\nTo see what there is: .* send --help\n$/,
  },
  { args: ['groups', 'join', 'a'], says: /'socket'\nTo see what there is: .* groups join --help\n$/ },
  { args: ['--drian', '1'], says: /\(Did you mean --drain\?\)\nTo see what there is: .* start --help\n$/ },
  { args: ['http://a', '--drain', '1h'], says: /^--drain must be a whole number from 0 to 3600/ },
  { args: ['help', 'sned'], says: /^Usage: sockethook / },
  { args: ['broadcast'], says: /missing required argument 'body'/ },
  { args: ['groups'], says: /^Usage: sockethook groups/ },
  { args: ['dead-letters', 'lsit'], says: /unknown command 'lsit'/ },
  { args: ['dead-letters', 'replay'], says: /^Name the letters to replay, or write --all\./ },
  { args: ['dead-letters', 'replay', 'a', '--all'], says: /^Name the letters to replay, or write --all\./ },
  { args: ['check'], says: /missing required argument 'webhook-base-url'/ },
  { args: ['check', 'ftp://a'], says: /^The URL of your app must begin with/ },
  { args: ['check', 'http://localhost', '--path', '/../a'], says: /^--path cannot be used/ },
  { args: ['check', 'http://localhost', '--hooks', 'messages'], says: /^--hooks must be some of/ },
  { args: ['--demo', '--port', '65535'], says: /^PORT \(--port\) must be a whole number from 1 to 65534/ },
  { args: ['sockets', '--api-key', key], says: /unknown option '--api-key'/ },
])('what is wrong in `sockethook $args` is a sentence and a 2', async ({ args, says }) => {
  const { code, output, errors } = await line.run(args, {});
  expect([code, output], errors).toEqual([2, '']);
  expect(errors).toMatch(says);
});

test.for(['url', 'send', 'broadcast', 'sockets', 'groups', 'close', 'dead-letters', 'check', 'env', 'start'])(
  '`sockethook %s --help` says what it takes',
  async (command) => {
    const { code, output, errors } = await line.run([command, '--help'], {});
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(new RegExp(`^Usage: sockethook ${command} `));
  },
);

test.for([
  { args: ['help'], says: /^Usage: sockethook \[command\]/ },
  { args: ['help', 'send'], says: /^Usage: sockethook send / },
])('`sockethook $args` helps, too', async ({ args, says }) => {
  const { code, output, errors } = await line.run(args, {});
  expect([code, errors]).toEqual([0, '']);
  expect(output).toMatch(says);
});

test('the table of commands has every command, and no other', async () => {
  const { output } = await line.run(['--help'], {});
  const [, listed = ''] = /^Commands:\n(.*?)\n\n/ms.exec(output) ?? [];
  const commands = [...listed.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(5);
  const written = doc('command-line')
    .rows('The command line', 'command')
    .map(([command]) => command);
  expect(written).toEqual(commands);
});

test('each setting but the secrets is a flag of `start`', async () => {
  const { output } = await line.run(['start', '--help'], {});
  const named = [...output.matchAll(/\(([A-Z_]+)\)/g)].map(([, name]) => name);
  const settings = doc('operations')
    .rows('Settings', 'variable')
    .filter(([, , meaning = '']) => !/\bkeys?\b|\bsecret signs/.test(meaning))
    .map(([name]) => name);
  expect(settings).toContain('DRAIN_SECONDS');
  expect(named.sort()).toEqual(settings.sort());
});
