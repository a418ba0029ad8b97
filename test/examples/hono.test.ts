import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { type Client, connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** Runs the app as its README does; nothing of this process's environment is passed on but the PATH. */
function run(environment: Environment): ChildProcess {
  const { PATH } = process.env;
  const env = { PATH, ...environment };
  return spawn(process.execPath, ['--import', 'tsx', 'examples/hono/app.ts'], { cwd: root, env });
}

/** What a child has written so far, both streams in one. */
function written(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  return () => text;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

let world: LocalWorld;
let environment: Environment;
let app: ChildProcess;
let output: () => string;
/** Where the app is. */
let url: string;

beforeEach(async () => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  app = run(environment);
  output = written(app);
  await new Promise<void>((resolve, reject) => {
    app.stdout?.on('data', () => output().includes('listening on') && resolve());
    app.once('close', (code) => reject(new Error(`ended with ${code}: ${output()}`)));
  });
});

afterEach(async () => {
  await world?.stop();
  await end(app);
});

/** Connects as the page does. */
async function enter(): Promise<Client> {
  const made: { url: string } = JSON.parse(await (await fetch(`${url}/url`)).text());
  return connect(made.url);
}

/** The next state of the poll: its version, and the votes for soup, salad and pizza. */
async function next(client: Client): Promise<unknown[]> {
  const { version, counts }: { version: number; counts: [string, number][] } = JSON.parse(
    await client.next(),
  );
  expect(counts.map(([dish]) => dish)).toEqual(['soup', 'salad', 'pizza']);
  return [version, ...counts.map(([, count]) => count)];
}

test('whoever comes in gets the counts, and everybody gets each vote', async () => {
  const alice = await enter();
  expect(await next(alice)).toEqual([0, 0, 0, 0]);
  const bob = await enter();
  expect(await next(bob)).toEqual([0, 0, 0, 0]);
  alice.send('pizza');
  for (const client of [alice, bob]) expect(await next(client)).toEqual([1, 0, 0, 1]);
  bob.send('soup');
  for (const client of [alice, bob]) expect(await next(client)).toEqual([2, 1, 0, 1]);
  const carol = await enter();
  expect(await next(carol)).toEqual([2, 1, 0, 1]);
  expect(output()).toBe(`listening on ${url}/\n`);
  expect(world.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a socket has one vote, which it may change and which outlives it; other texts are no votes', async () => {
  const [alice, bob] = [await enter(), await enter()];
  for (const client of [alice, bob]) await next(client);
  for (const text of ['pizza', 'pizza', 'fish', '', '{"sockethook":"ping"}', 'salad']) alice.send(text);
  for (const client of [alice, bob]) {
    expect(await next(client)).toEqual([1, 0, 0, 1]);
    expect(await next(client)).toEqual([2, 0, 1, 0]);
  }
  await alice.close();
  bob.send('salad');
  expect(await next(bob)).toEqual([3, 0, 2, 0]);
});

test('many votes at once all count', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, enter));
  for (const client of clients) {
    await client.next();
    client.send('soup');
  }
  for (const client of clients) {
    const versions = (await client.take(20)).map((text): number => JSON.parse(text).version);
    expect(versions.sort((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  }
  expect(await next(await enter())).toEqual([20, 20, 0, 0]);
});

test('the page runs its own script and style alone, and opens sockets to the gateway alone', async () => {
  const page = await fetch(`${url}/`);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${world.url}`,
    "base-uri 'none'",
  ]);
  expect(page.headers.get('content-type')).toContain('text/html');
  for (const [, path] of (await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)) {
    const type = path === '/page.js' ? 'text/javascript' : 'text/css';
    expect((await fetch(`${url}${path}`)).headers.get('content-type')).toContain(type);
  }
});

test('a hook that the gateway did not sign is refused', async () => {
  const body = new URLSearchParams({ event: 'message', from: 'x', path: '/poll', body: 'soup' });
  expect((await fetch(`${url}/websocket/message/poll`, { method: 'POST', body })).status).toBe(401);
  expect(await next(await enter())).toEqual([0, 0, 0, 0]);
});

test.for(['SOCKETHOOK_WEBSOCKET_URL', 'SOCKETHOOK_WEBHOOK_SECRET'])(
  'without %s the app says so in a line and ends',
  async (name) => {
    const child = run({ ...environment, [name]: '' });
    const text = written(child);
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(text()).toMatch(new RegExp(`^${name} is not set; .+\\.\n$`));
  },
);

test('on a port that is taken the app says so in a line and ends', async () => {
  const child = run(environment);
  const text = written(child);
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(text()).toMatch(/^listen EADDRINUSE: .+\n$/);
});
