import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { doc, readme } from './page.ts';

const [shownHook = '', shownAnswer = ''] = readme.code('On the wire', 'http').map((code) => code.trimEnd());

/**
 * An app on bare TCP: keeps each hook as it came off the wire, answers a message as the README does, refuses an order, and
 * else answers 204.
 */
const received: string[] = [];
const app = createServer((connection) => {
  connection.on('data', (bytes) => {
    const hook = bytes.toString();
    received.push(hook);
    const isMessage = hook.startsWith('POST /websocket/message/');
    const isOrder = hook.includes('body=Order+17');
    if (isOrder) connection.write('HTTP/1.1 422 Unprocessable Content\r\nContent-Length: 0\r\n\r\n');
    else
      connection.write(isMessage ? shownAnswer.replaceAll('\n', '\r\n') : 'HTTP/1.1 204 No Content\r\n\r\n');
  });
  connection.on('error', () => connection.destroy());
});

let world: LocalWorld;
let environment: Record<string, string>;

beforeAll(async () => {
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const address = app.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  environment = appEnvironment(world.gateway, testSecrets);
});

afterAll(async () => {
  await world.stop();
  app.close();
});

/** What differs from run to run. */
function settled(hook: string): string {
  return hook
    .replaceAll('\r\n', '\n')
    .replace(/^(host: 127\.0\.0\.1):\d+$/m, '$1:PORT')
    .replace(/^webhook-id: message_[\w-]+$/m, 'webhook-id: ID')
    .replace(/^webhook-timestamp: \d{10}$/m, 'webhook-timestamp: TIME')
    .replace(/^webhook-signature: v1,[\w+/]{43}=(?: v1,[\w+/]{43}=)*$/m, 'webhook-signature: SIGNATURE')
    .replace(/&from=[\w-]{15}%3D&/, '&from=FROM&')
    .replace(/&time=\d{13}$/, '&time=TIME');
}

/** Runs a command as a reader would, and gives what curl writes: the body, and the status on a line of its own. */
async function run(
  script: string,
  variables: Record<string, string>,
): Promise<[status: number, body: string]> {
  const quiet = `set -eu\ncurl() { command curl -sS -w '\\n%{http_code}' "$@"; }\n`;
  const { PATH } = process.env;
  const { stdout } = await promisify(execFile)('bash', ['-c', quiet + script], {
    env: { PATH, ...variables },
  });
  const at = stdout.lastIndexOf('\n');
  return [Number(stdout.slice(at + 1)), stdout.slice(0, at)];
}

test('a hook is on the wire as the README shows it, and its answer and its curl reach the client', async () => {
  const client = await connect(`${world.url}/foo/bar?x=1`, { origin: 'https://app.example' });
  client.send('hello');
  expect(await client.next()).toBe('hello yourself');
  const isShown = (hook: string): boolean => hook.startsWith('POST /websocket/message/foo/bar');
  await expect.poll(() => received.find(isShown)).toBeDefined();
  const real = received.find(isShown) ?? '';
  expect(settled(real)).toBe(settled(shownHook));
  const from = new URLSearchParams(real.split('\r\n\r\n')[1]).get('from') ?? '';
  const [curl = ''] = readme.code('On the wire', 'sh');
  const [status] = await run(curl.replace('0VHzZriVn1SDsZ4=', from), environment);
  expect([status, await client.next()]).toEqual([200, 'hello again']);
  await client.close();
});

/** Values that are new each time become those of the page's example. */
function example(name: string, value: unknown): unknown {
  if (name === 'url') return String(value).replace(/:\d+\/\?ticket=eyJ.*$/, ':8080/?ticket=eyJ...');
  if (name === 'socket') return '0VHzZriVn1SDsZ4=';
  if (name === 'deadLetter') return '0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw';
  return ['openedAt', 'expiresAt', 'time', 'diedAt', 'until'].includes(name) ? 1_795_364_600_000 : value;
}

/** The blocks of shell under a heading of the page about the HTTP API. */
const shown = (heading: string): string[] =>
  (doc('http-api').code(heading, 'sh')[0] ?? '').trimEnd().split('\n\n');
const [preamble = '', ...plainCalls] = shown('Calls');

async function checkCalls(calls: readonly string[], variables: Record<string, string>): Promise<void> {
  for (const call of calls) {
    const [, status, body = ''] = /^#> (\d{3}) ?(.*)$/m.exec(call) ?? [];
    const answer = await run(`${preamble}\n${call}`, { ...environment, ...variables });
    const parse = (text: string): unknown => (text === '' ? '' : JSON.parse(text, example));
    expect([call, answer[0], parse(answer[1])]).toEqual([call, Number(status), parse(body)]);
  }
}

test('every curl of the HTTP API is answered as its comment says', async () => {
  expect(plainCalls).toHaveLength(9);
  const { client, socket } = await enter();
  await checkCalls(plainCalls, { SOCKET: socket });
  expect(await client.take(3)).toEqual(['Fish & chips', 'Hello', 'Hello']);
  expect((await client.closed).code).toBe(1000);
});

test('every curl about groups is answered as its comment says', async () => {
  const calls = shown('Groups');
  expect(calls).toHaveLength(8);
  const { client, socket } = await enter();
  await checkCalls(calls, { SOCKET: socket });
  expect(await client.next()).toBe('Welcome to the room');
  await client.close();
});

test('every curl that repeats a call is answered as its comment says, and its client gets one message', async () => {
  const calls = shown('Repeating a call');
  expect(calls).toHaveLength(3);
  const { client, socket } = await enter();
  await checkCalls(calls, { SOCKET: socket });
  await world.api.send(socket, 'last');
  expect(await client.take(2)).toEqual(['It is on its way.', 'last']);
  await client.close();
});

test('every curl about dead letters is answered as its comment says', async () => {
  const calls = shown('Dead letters');
  expect(calls).toHaveLength(5);
  const { client } = await enter();
  client.send('Order 17');
  const letters = async () =>
    (await world.api.call('GET', '/dead-letters')).json['deadLetters'] as { deadLetter: string }[];
  for (const call of calls) {
    // A replay is refused too, and its letter comes back.
    await expect.poll(letters).toHaveLength(1);
    const [letter] = await letters();
    await checkCalls([call], { LETTER: letter?.deadLetter ?? '' });
  }
  expect(await letters()).toEqual([]);
  await client.close();
});

/** A client at /room/1 as alice, with the id of its socket. */
async function enter(): Promise<{ client: Client; socket: string }> {
  const { json } = await world.api.post('/urls', { path: '/room/1', user: 'alice' });
  const client = await connect(String(json['url']));
  let list: { socket: string }[] = [];
  await eventually('the client of the test before is gone', async () => {
    list = (await world.api.call('GET', '/sockets?path=/room/1')).json['sockets'] as { socket: string }[];
    return list.length === 1;
  });
  return { client, socket: list[0]?.socket ?? '' };
}
