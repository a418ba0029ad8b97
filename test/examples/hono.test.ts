import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';
import { type Client, connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How its README runs the app. */
const command = [process.execPath, ['--import', 'tsx', 'examples/hono/app.ts']] as const;

let world: LocalWorld;
let environment: Environment;
let app: ChildApp;
/** Where the app is. */
let url: string;

beforeEach(async () => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  app = await ChildApp.start(...command, environment, { cwd: root, listening: /listening on/ });
});

afterEach(async () => {
  await world?.stop();
  await app?.stop();
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
  expect(app.written).toBe(`listening on ${url}/\n`);
  expect(world.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a socket has one vote, which it may change and which outlives it; other texts are no votes', async () => {
  const [alice, bob] = [await enter(), await enter()];
  for (const client of [alice, bob]) await next(client);
  alice.send('{"sockethook":"ping"}');
  expect(await alice.next()).toBe('{"sockethook":"pong"}');
  for (const text of ['pizza', 'pizza', 'fish', '', 'salad']) alice.send(text);
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
    const child = new ChildApp(...command, { ...environment, [name]: '' }, { cwd: root });
    expect(await child.ended).toEqual([1, null]);
    expect(child.written).toMatch(new RegExp(`^${name} is not set; .+\\.\n$`));
  },
);

test('on a port that is taken the app says so in a line and ends', async () => {
  const child = new ChildApp(...command, environment, { cwd: root });
  expect(await child.ended).toEqual([1, null]);
  expect(child.written).toMatch(/^listen EADDRINUSE: .+\n$/);
});
