import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';
import { type Client, connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How its README runs the app. */
const command = [process.execPath, ['--import', 'tsx', 'examples/bees/app.ts']] as const;
const graceMs = 700;

interface Bee {
  readonly id: string;
  readonly name: string;
  readonly colour: number;
  readonly loops: number;
  readonly x?: number;
  readonly y?: number;
}

/** What a page gets. */
interface News {
  readonly version: number;
  readonly all?: boolean;
  readonly you?: string;
  readonly bees: readonly Bee[];
  readonly gone?: readonly string[];
  readonly notice?: string;
}

/** One tab of a visitor, and what it knows. */
interface Tab {
  readonly client: Client;
  readonly cookie: string;
  readonly you: string;
  readonly snapshot: News;
}

let world: LocalWorld;
let environment: Environment;
let app: ChildApp;
/** Where the app is. */
let url: string;

beforeEach(async () => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  world = await startLocal({
    WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket`,
    HOOKS: 'handshake,message,joined,left',
    PRESENCE_GRACE_MS: String(graceMs),
  });
  environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  app = await startApp();
});

afterEach(async () => {
  await world?.stop();
  await app?.stop();
});

function startApp(): Promise<ChildApp> {
  return ChildApp.start(...command, environment, { cwd: root, listening: /listening on/ });
}

/** A URL to connect to, as the page asks for one, and the cookie that says whose browser it is. */
async function ticket(at: string, known?: string): Promise<{ made: string; cookie: string }> {
  const headers: Record<string, string> = known === undefined ? {} : { Cookie: known };
  const response = await fetch(`${at}/url`, { headers });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const { url: made }: { url: string } = JSON.parse(await response.text());
  return { made, cookie: known ?? response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

/** Opens a tab as the page does, and waits until its visitor's bee is in the meadow. */
async function enter(known?: string, at = url): Promise<Tab> {
  const { made, cookie } = await ticket(at, known);
  const client = await connect(made);
  client.send('look');
  const snapshot = await hear(client, ({ all }) => all === true);
  const { you = '' } = snapshot;
  if (!snapshot.bees.some(({ id }) => id === you)) await hear(client, of(you));
  return { client, cookie, you, snapshot };
}

/** The first news that matches. */
async function hear(client: Client, matches: (news: News) => boolean): Promise<News> {
  for (;;) {
    const news: News = JSON.parse(await client.next());
    if (matches(news)) return news;
  }
}

/** News of a bee that has these values. */
function of(you: string, values: Partial<Bee> = {}): (news: News) => boolean {
  return ({ bees = [] }) =>
    bees.some(
      (bee) =>
        bee.id === you &&
        Object.entries({ ...bee, ...values }).every(([key, value]) => Object(bee)[key] === value),
    );
}

function gone(you: string): (news: News) => boolean {
  return ({ gone: ids = [] }) => ids.includes(you);
}

function say(client: Client, change: object): void {
  client.send(JSON.stringify(change));
}

/** Who is in the meadow, as somebody sees who looks now. */
async function seen({ client }: Tab): Promise<string[]> {
  client.send('look');
  return (await hear(client, ({ all }) => all === true)).bees.map(({ id }) => id).sort();
}

describe('the meadow', () => {
  test('shows every visitor all bees, where they are, and how each is dressed', async () => {
    const alice = await enter();
    say(alice.client, { x: 10, y: 20.4, name: ' Zoë ', colour: 3 });
    await hear(alice.client, of(alice.you, { x: 10, y: 20, name: 'Zoë', colour: 3 }));
    const bob = await enter();
    expect(bob.snapshot.bees.find(({ id }) => id === alice.you)).toEqual({
      id: alice.you,
      name: 'Zoë',
      colour: 3,
      loops: 0,
      x: 10,
      y: 20,
    });
    say(bob.client, { x: 1_000, y: 0 });
    await hear(alice.client, of(bob.you, { x: 1_000, y: 0 }));
    say(bob.client, { loop: true });
    await hear(alice.client, of(bob.you, { x: 1_000, y: 0, loops: 1 }));
    expect(app.written).toBe(`listening on ${url}/\n`);
    expect(world.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('loses the bee of a visitor who has been gone for the grace, and tells the others', async () => {
    const [alice, bob] = [await enter(), await enter()];
    const left = Date.now();
    await bob.client.close();
    await hear(alice.client, gone(bob.you));
    expect(Date.now() - left).toBeGreaterThanOrEqual(graceMs - 20);
    expect(await seen(alice)).toEqual([alice.you]);
    const again = await enter(bob.cookie);
    expect(again.you).toBe(bob.you);
    await hear(alice.client, of(bob.you));
  });

  test('has one bee for two tabs of a visitor, until both are closed', async () => {
    const watcher = await enter();
    const one = await enter();
    const two = await enter(one.cookie);
    expect(two.you).toBe(one.you);
    say(one.client, { x: 1, y: 1 });
    await hear(watcher.client, of(one.you, { x: 1, y: 1 }));
    await one.client.close();
    say(two.client, { x: 2, y: 2 });
    await hear(watcher.client, of(one.you, { x: 2, y: 2 }));
    // Longer than the grace: a bee that left with the first tab is gone once another visitor's has come and left.
    const other = await enter();
    await other.client.close();
    const both = await hear(watcher.client, ({ gone: ids = [] }) => ids.length > 0);
    expect(both.gone).toEqual([other.you]);
    expect(await seen(watcher)).toEqual([watcher.you, one.you].sort());
    await two.client.close();
    await hear(watcher.client, gone(one.you));
  });

  test('keeps the bee of a visitor who reloads the page, with its name and its place', async () => {
    const [watcher, one] = [await enter(), await enter()];
    say(one.client, { x: 5, y: 6, name: 'Mo' });
    await hear(watcher.client, of(one.you, { name: 'Mo' }));
    await one.client.close();
    const again = await enter(one.cookie);
    expect(again.snapshot.bees.find(({ id }) => id === one.you)).toMatchObject({ x: 5, y: 6, name: 'Mo' });
    const other = await enter();
    await other.client.close();
    expect((await hear(watcher.client, ({ gone: ids = [] }) => ids.length > 0)).gone).toEqual([other.you]);
  });

  test('tells where bees are 15 times a second at most, and always the last place', async () => {
    const [alice, bob] = [await enter(), await enter()];
    const began = Date.now();
    for (let x = 0; x <= 300; x += 1) say(alice.client, { x, y: 7 });
    let told = 1;
    for (; ; told += 1) {
      const { bees } = await hear(bob.client, of(alice.you));
      if (bees.some(({ id, x }) => id === alice.you && x === 300)) break;
    }
    expect(told).toBeLessThanOrEqual((Date.now() - began) / 66 + 2);
  });

  test('comes back after the app was started anew, with everybody who is still there', async () => {
    const [alice, bob] = [await enter(), await enter()];
    await app.stop();
    app = await startApp();
    await eventually('the app knows who is there', async () => (await seen(alice)).length === 2);
    say(alice.client, { x: 3, y: 4 });
    await hear(bob.client, of(alice.you, { x: 3, y: 4 }));
    await bob.client.close();
    await hear(alice.client, gone(bob.you));
  });

  test('takes 200 bees and no more, and has room again once one has left', { timeout: 60_000 }, async () => {
    const early = await ticket(url);
    await Promise.all(Array.from({ length: 199 }, () => enter()));
    const last = await enter();
    await expect(ticket(url)).rejects.toThrow('503: the meadow is full');
    expect((await refused(early.made)).status).toBe(429);
    const second = await enter(last.cookie);
    expect(second.you).toBe(last.you);
    for (const { client } of [last, second]) await client.close();
    await eventually('there is room', async () => (await fetch(`${url}/url`)).ok);
    expect((await seen(await enter())).length).toBe(200);
  });
});

describe('what a page must not send', () => {
  const name = 'A name is 1 to 20 letters, digits, spaces, ".", "_", "\'" and "-".';
  const cases: readonly (readonly [string, string])[] = [
    ['', 'A message is "look" or a JSON object.'],
    ['7', 'A message is "look" or a JSON object.'],
    ['null', 'A message is "look" or a JSON object.'],
    ['{"x":-1,"y":0}', '"x" must be a number from 0 to 1000.'],
    ['{"x":0,"y":1001}', '"y" must be a number from 0 to 1000.'],
    ['{"x":"1","y":0}', '"x" must be a number from 0 to 1000.'],
    ['{"x":1}', '"x" and "y" come together.'],
    ['{"colour":8}', '"colour" must be a whole number from 0 to 7.'],
    ['{"colour":-1}', '"colour" must be a whole number from 0 to 7.'],
    ['{"colour":0.5}', '"colour" must be a whole number from 0 to 7.'],
    ['{"name":""}', name],
    [`{"name":"${'x'.repeat(21)}"}`, name],
    ['{"name":"<b>x</b>"}', name],
    ['{"name":"\\u202eecila"}', name],
    ['{"loop":false}', '"loop" must be true.'],
  ];

  test('is answered with a sentence that says what is wrong, and changes nothing', async () => {
    const alice = await enter();
    const before = alice.snapshot.bees;
    for (const [body, sentence] of cases) {
      alice.client.send(body);
      const { notice } = await hear(alice.client, (news) => news.notice !== undefined);
      expect([body, notice]).toEqual([body, sentence]);
    }
    alice.client.send('{"sockethook":"ping"}');
    alice.client.send(`{"name":"${'x'.repeat(20)}","colour":7,"id":"other","__proto__":{"x":1}}`);
    const { bees } = await hear(alice.client, of(alice.you, { colour: 7 }));
    const { x, y, ...bee } = { x: undefined, y: undefined, ...bees.find(({ id }) => id === alice.you) };
    expect([x, y, bee]).toEqual([
      undefined,
      undefined,
      { id: alice.you, name: 'x'.repeat(20), colour: 7, loops: 0 },
    ]);
    expect(before.length).toBeLessThanOrEqual(1);
  });
});

describe('the page', () => {
  test('runs its own scripts and styles alone, and opens sockets to the gateway alone', async () => {
    const page = await fetch(`${url}/`);
    expect((page.headers.get('content-security-policy') ?? '').split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      `connect-src 'self' ${world.url}`,
      "base-uri 'none'",
    ]);
    const linked = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(linked).toEqual(['/scene.css', '/bee.css', '/page.css', '/page.js']);
    for (const path of [...linked, '/bee.js', '/connection.js', '/controls.js', '/scene.js']) {
      const response = await fetch(`${url}${path}`);
      const type = path.endsWith('.js') ? 'text/javascript' : 'text/css';
      expect([path, response.headers.get('content-type')]).toEqual([path, expect.stringContaining(type)]);
      expect(await response.text()).not.toContain('innerHTML');
    }
    expect((await fetch(`${url}/app.ts`)).status).toBe(404);
  });

  test('gives others no name under which they could be the same visitor', async () => {
    const alice = await enter();
    const stolen = await enter(`bee=${alice.you}`);
    expect(stolen.you).not.toBe(alice.you);
  });
});

test('strangers without a ticket and hooks that the gateway did not sign are refused', async () => {
  expect((await refused(`${world.url}/meadow`)).status).toBe(401);
  const forged = new URLSearchParams({
    event: 'joined',
    from: 'x',
    path: '/meadow',
    user: 'x',
    group: 'meadow',
  });
  const answer = await fetch(`${url}/websocket/joined/meadow`, { method: 'POST', body: forged });
  expect(answer.status).toBe(401);
});

test.for(['SOCKETHOOK_API_KEY', 'SOCKETHOOK_URL_KEY', 'SOCKETHOOK_WEBHOOK_SECRET'])(
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

/** Starts both as `npm run bees` does. Gives where the gateway is and where the app is. */
async function startBoth(folder: string): Promise<{ both: ChildApp; gatewayUrl: string; at: string }> {
  const manifest: { scripts: { bees: string } } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const port = await freePort();
  // npm sets the last of these, by which the gateway knows that it must watch who started it.
  const variables = { PORT: String(port), SOCKETHOOK_DIR: folder, npm_lifecycle_event: 'bees' };
  const both = await ChildApp.start('/bin/sh', ['-c', `exec ${manifest.scripts.bees}`], variables, {
    cwd: root,
    listening: /listening on/,
  });
  return { both, gatewayUrl: `http://localhost:${port}/health`, at: `http://localhost:${port + 1}` };
}

test.for([
  ['SIGTERM', 0, null],
  // A terminal that is closed sends this one.
  ['SIGHUP', 0, null],
  ['SIGKILL', null, 'SIGKILL'],
] as const)('one command starts the gateway and the app, and a %s ends both', async ([signal, ...ending]) => {
  const folder = await mkdtemp(join(tmpdir(), 'sockethook-bees-'));
  const { both, gatewayUrl, at } = await startBoth(folder);
  const { you } = await enter(undefined, at);
  expect(you).not.toBe('');
  both.signal(signal);
  expect(await both.ended).toEqual(ending);
  for (const url of [at, gatewayUrl]) {
    const isGone = (): Promise<boolean> =>
      fetch(url).then(
        () => false,
        () => true,
      );
    await eventually(`nothing answers at ${url}`, isGone);
  }
  await rm(folder, { recursive: true });
});
