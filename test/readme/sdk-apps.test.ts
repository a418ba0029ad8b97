import { expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import * as sdk from '../../sdk/index.ts';
import { connect, refused } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { doc } from './page.ts';
import { startApp, startSdkApp } from './started-app.ts';

/** Starts a gateway and an app of a page beside it: one that imports the SDK, unless another is named. */
async function start(file: string, startIt = startSdkApp, settings: Record<string, string> = {}) {
  const port = await freePort();
  const world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket`, ...settings });
  const environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  const app = await startIt(file, environment);
  const stop = async (): Promise<void> => {
    await world.stop();
    await app.stop();
  };
  return { world, port, stop };
}

const emoji = '😀'.repeat(32_768);

test('the Express app greets, passes on what is said in a room, and tells who left', async () => {
  const { world, port, stop } = await start('express.ts');
  const urlFor = async (name: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/url?name=${name}`);
    return String(JSON.parse(await response.text()).url);
  };
  expect((await refused(`${world.url}/elsewhere`)).status).toBe(404);
  const alice = await connect(await urlFor('alice'));
  const bob = await connect(await urlFor('bob'));
  expect([await alice.next(), await bob.next()]).toEqual(['Welcome, alice.', 'Welcome, bob.']);
  alice.send('hello');
  expect([await alice.next(), await bob.next()]).toEqual(['alice: hello', 'alice: hello']);
  alice.send(emoji.slice(0, -16));
  expect((await bob.next()).length).toBe('alice: '.length + emoji.length - 16);
  await alice.close();
  expect(await bob.next()).toBe('alice left.');
  await bob.close();
  await stop();
});

test('the Fastify app answers, with as much as a message may have', async () => {
  const { world, stop } = await start('fastify.ts');
  const client = await connect(`${world.url}/a%20b?x=1`);
  for (const body of ['hello', emoji.slice(0, -20)]) {
    client.send(body);
    expect(await client.next()).toBe(`You said: ${body}`);
  }
  await client.close();
  await stop();
});

test('the lobby shows who is there, without a second tab and without those who have left', async () => {
  const settings = { HOOKS: 'handshake,message,closed,joined,left', PRESENCE_GRACE_MS: '100' };
  const { world, stop } = await start('lobby.mjs', startSdkApp, settings);
  const alice = await connect(`${world.url}/alice`);
  expect(await alice.next()).toBe('In the lobby: alice');
  const bob = await connect(`${world.url}/bob`);
  expect([await alice.next(), await bob.next()]).toEqual(Array(2).fill('In the lobby: alice, bob'));
  const tab = await connect(`${world.url}/bob`);
  await tab.close();
  await bob.close();
  expect(await alice.next()).toBe('In the lobby: alice');
  expect((await refused(`${world.url}/`)).status).toBe(404);
  expect(alice.left).toEqual([]);
  await alice.close();
  await stop();
});

test('the Hono app answers', async () => {
  const { world, stop } = await start('hono.ts');
  const client = await connect(`${world.url}/a%20b?x=1`);
  client.send('hello');
  expect(await client.next()).toBe('You said: hello');
  await client.close();
  await stop();
});

test('the app of the README welcomes clients to rooms, passes on what is said in one, and tells who left', async () => {
  const { world, stop } = await start('app.mjs');
  expect((await refused(`${world.url}/elsewhere`)).status).toBe(404);
  const [alice, bob] = [await connect(`${world.url}/room/1`), await connect(`${world.url}/room/1`)];
  const other = await connect(`${world.url}/room/2`);
  expect([await alice.next(), await bob.next()]).toEqual(['Welcome to /room/1.', 'Welcome to /room/1.']);
  alice.send('hello');
  expect([await alice.next(), await bob.next()]).toEqual(['hello', 'hello']);
  await alice.close();
  expect(await bob.next()).toBe('Somebody left.');
  expect(await other.next()).toBe('Welcome to /room/2.');
  other.send('only here');
  expect(await other.next()).toBe('only here');
  await bob.close();
  await other.close();
  await stop();
});

const chats: readonly [file: string, startIt: typeof startSdkApp][] = [
  ['rooms.mjs', startSdkApp],
  [
    'rooms.py',
    (file, environment) => startApp({ command: 'python3', file, imported: ['app.py'] }, environment),
  ],
];

test.for(chats)('in %s a client moves from room to room on one connection', async ([file, startIt]) => {
  const { world, stop } = await start(file, startIt);
  const [alice, bob] = [await connect(world.url), await connect(world.url)];
  expect([await alice.next(), await bob.next()]).toEqual(['You are in room:1.', 'You are in room:1.']);
  alice.send('hello');
  expect([await alice.next(), await bob.next()]).toEqual(['hello', 'hello']);
  for (const room of ['2', '2']) {
    alice.send(`/join ${room}`);
    expect(await alice.next()).toBe('You are in room:2.');
  }
  alice.send('alone');
  expect(await alice.next()).toBe('alone');
  bob.send('/join admins');
  expect(await bob.next()).toBe('/join admins');
  bob.send('/join 2');
  expect(await bob.next()).toBe('You are in room:2.');
  alice.send('together');
  expect([await alice.next(), await bob.next()]).toEqual(['together', 'together']);
  await alice.close();
  expect(await bob.next()).toBe('Somebody left.');
  await bob.close();
  await stop();
});

test('the page of the SDK names every error of the SDK, and no other', () => {
  const classes = Object.entries(sdk)
    .filter(([name]) => name.endsWith('Error') && name !== 'SockethookError')
    .map(([name]) => name);
  const told = doc('sdk').rows('Errors', 'code');
  expect(told.map(([, name]) => name).sort()).toEqual(classes.sort());
});

test('the page of the SDK names every call of the SDK', () => {
  const told = doc('sdk')
    .rows('Calls', 'call')
    .map(([call = '']) => call.replace(/\(.*$/, ''));
  expect(told.sort()).toEqual([
    'broadcastMessage',
    'cancelBroadcast',
    'checkSettings',
    'closeSocket',
    'createWebSocketUrl',
    'deleteDeadLetter',
    'getBroadcast',
    'getDeadLetter',
    'joinGroup',
    'leaveGroup',
    'listDeadLetters',
    'listGroup',
    'listUsers',
    'replayDeadLetter',
    'replayDeadLetters',
    'sendMessage',
  ]);
  for (const name of told) expect(Object.keys(sdk)).toContain(name);
});
