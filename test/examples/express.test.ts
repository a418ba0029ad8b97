import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';
import { type Client, connect, refused, tryConnect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import type { Line } from '../support/recording-log.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How its README runs the app. */
const command = [process.execPath, ['--import', 'tsx', 'examples/express/app.ts']] as const;

let world: LocalWorld;
let environment: Environment;
let app: ChildApp;
/** Where the app is. */
let url: string;

// The tests share an app: whoever comes in stays, so that no test hears of another's clients.
beforeAll(async () => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  app = await ChildApp.start(...command, environment, { cwd: root, listening: /listening on/ });
});

afterAll(async () => {
  await world?.stop();
  await app?.stop();
});

/** Logs in; gives the headers that a browser then sends. */
async function logIn(name: string): Promise<{ Cookie: string }> {
  const response = await post('/login', new URLSearchParams({ name }));
  expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
  return { Cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

function post(path: string, body: URLSearchParams): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', body, redirect: 'manual' });
}

/** Gets a page: its status and its text, or where it leads. */
async function get(path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(`${url}${path}`, { headers, redirect: 'manual' });
  const text = await response.text();
  return [response.status, response.headers.get('location') ?? text];
}

/** The URL with a ticket that the page of a room asks for. */
async function urlFor(room: string, headers: Record<string, string>): Promise<string> {
  const [status, text] = await get(`/url?room=${room}`, headers);
  expect(status).toBe(200);
  const { url: made }: { url: string } = JSON.parse(text);
  return made;
}

/** Enters a room by a ticket alone, and sees it announced. */
async function enter(room: string, name: string): Promise<Client> {
  const client = await connect(await urlFor(room, await logIn(name)));
  expect(await next(client)).toEqual({ notice: `${name} came in.` });
  return client;
}

/** Says a text in the room that the client is in. */
function say(client: Client, text: string): void {
  client.send(JSON.stringify({ text }));
}

async function next(client: Client): Promise<unknown> {
  return JSON.parse(await client.next());
}

describe('a room', () => {
  test('hears who comes in, what its members say and who leaves, and no other room does', async () => {
    const alice = await enter('hall', 'alice');
    const carol = await enter('garden', 'carol');
    const bob = await enter('hall', 'bob');
    expect(await next(alice)).toEqual({ notice: 'bob came in.' });
    for (const text of ['hello', '', '<b>&</b> "q" 日本 😀']) {
      say(alice, text);
      for (const client of [alice, bob]) expect(await next(client)).toEqual({ name: 'alice', text });
    }
    await bob.close();
    expect(await next(alice)).toEqual({ notice: 'bob left.' });
    say(carol, 'alone');
    expect(await next(carol)).toEqual({ name: 'carol', text: 'alone' });
    expect([alice.left, carol.left]).toEqual([[], []]);
    // Other tests have clients refused.
    const isUsual = ({ level, event }: Line) => level === 'info' || event === 'handshake_refused';
    expect(world.log.lines.filter((line) => !isUsual(line))).toEqual([]);
  });

  test('hears nothing of a text that is too long; its sender does, and a ping is no text', async () => {
    const [alice, bob] = [await enter('staff', 'alice'), await enter('staff', 'bob')];
    await alice.next();
    alice.send('{"sockethook":"ping"}');
    expect(await next(alice)).toEqual({ sockethook: 'pong' });
    say(alice, 'x'.repeat(2_001));
    expect(await next(alice)).toEqual({ notice: 'Not sent: it has more than 2000 characters.' });
    say(alice, '😀'.repeat(1_000));
    expect(await next(bob)).toEqual({ name: 'alice', text: '😀'.repeat(1_000) });
  });

  test('knows a name in any language, and that a text is not a notice', async () => {
    const zoe = await enter('hall', 'Zoë 日本');
    say(zoe, JSON.stringify({ notice: 'alice left.' }));
    expect(await next(zoe)).toEqual({ name: 'Zoë 日本', text: '{"notice":"alice left."}' });
  });
});

describe('one connection', () => {
  test('moves from room to room, which both rooms hear, and back', async () => {
    const dan = await enter('hall', 'dan');
    const eve = await enter('hall', 'eve');
    const fay = await enter('garden', 'fay');
    expect(await next(dan)).toEqual({ notice: 'eve came in.' });
    eve.send('{"enter":"garden"}');
    expect(await next(eve)).toEqual({ room: 'room:garden' });
    for (const client of [eve, fay]) expect(await next(client)).toEqual({ notice: 'eve came in.' });
    expect(await next(dan)).toEqual({ notice: 'eve left.' });
    say(eve, 'green');
    for (const client of [eve, fay]) expect(await next(client)).toEqual({ name: 'eve', text: 'green' });
    eve.send('{"enter":"hall"}');
    expect(await next(eve)).toEqual({ room: 'room:hall' });
    for (const client of [eve, dan]) expect(await next(client)).toEqual({ notice: 'eve came in.' });
    expect(await next(fay)).toEqual({ notice: 'eve left.' });
    eve.send('{"enter":"hall"}');
    expect(await next(eve)).toEqual({ room: 'room:hall' });
    await eve.close();
    expect(await next(dan)).toEqual({ notice: 'eve left.' });
    expect([dan.left, fay.left]).toEqual([[], []]);
    await dan.close();
    await fay.close();
  });

  test('enters no room that is not for its user or not there, and stays where it is', async () => {
    const gus = await enter('garden', 'gus');
    gus.send('{"enter":"staff"}');
    expect(await next(gus)).toEqual({ notice: 'This room is not for you.', room: 'room:garden' });
    gus.send('{"enter":"nowhere"}');
    expect(await next(gus)).toEqual({ notice: 'There is no such room.', room: 'room:garden' });
    for (const body of [
      '',
      'hello',
      '7',
      'null',
      '[]',
      '{"text":7}',
      '{"enter":["hall"]}',
      '{"__proto__":1}',
    ]) {
      gus.send(body);
      expect(await next(gus)).toEqual({ notice: 'Not understood.' });
    }
    say(gus, 'still here');
    expect(await next(gus)).toEqual({ name: 'gus', text: 'still here' });
    await gus.close();
  });
});

describe('the handshake', () => {
  test('knows a browser by its session, from a page on the same host and from no other', async () => {
    const headers = await logIn('alice');
    const browser = (origin: string) => tryConnect(`${world.url}/chat`, { headers, origin });
    expect(await browser('https://elsewhere.example')).toMatchObject({ status: 401 });
    const client = await browser(url);
    if ('status' in client) throw new Error(`refused with ${client.status}`);
    expect(await next(client)).toEqual({ notice: 'alice came in.' });
    say(client, 'me');
    expect(await next(client)).toEqual({ name: 'alice', text: 'me' });
  });

  test('believes the session more than the ticket of somebody who has logged in anew', async () => {
    const ticket = await urlFor('hall', await logIn('alice'));
    const client = await connect(ticket, { headers: await logIn('bob') });
    expect(await next(client)).toEqual({ notice: 'bob came in.' });
    say(client, 'still bob');
    expect(await next(client)).toEqual({ name: 'bob', text: 'still bob' });
  });

  test('refuses strangers, those who are not members, and rooms that are not there', async () => {
    const ticket = await urlFor('hall', await logIn('carol'));
    const headers = await logIn('carol');
    const status = async (at: string, options = {}): Promise<number> => (await refused(at, options)).status;
    expect(await status(`${world.url}/chat`)).toBe(401);
    expect(await status(`${world.url}/chat`, { headers: { Cookie: 'connect.sid=s%3Aforged' } })).toBe(401);
    expect(await status(`${ticket}x`)).toBe(401);
    expect(await status(await urlFor('staff', await logIn('alice')), { headers })).toBe(403);
    for (const path of ['/', '/chat/', '/chat/hall', '/ch%61t', '/room:hall', '/__proto__'])
      expect(await status(`${world.url}${path}`, { headers })).toBe(404);
  });

  test('a hook that the gateway did not sign is refused', async () => {
    const forged = new URLSearchParams({ event: 'message', from: 'x', path: '/chat', body: 'forged' });
    expect((await post('/websocket/message/chat', forged)).status).toBe(401);
  });
});

describe('the pages', () => {
  test('ask a stranger for a name, and show the rooms to one who has a name', async () => {
    expect(await get('/')).toEqual([200, expect.stringContaining('Who are you?')]);
    expect(await get('/url?room=hall')).toEqual([401, 'Log in first.\n']);
    const carol = await logIn('carol');
    const [, page] = await get('/', carol);
    const linked = [...page.matchAll(/href="#(\w+)"/g)].map(([, room = '']) => room);
    expect(linked).toEqual(['hall', 'garden', 'staff']);
    for (const room of linked)
      expect((await get(`/url?room=${room}`, carol))[0]).toBe(room === 'staff' ? 403 : 200);
    expect(await get('/url?room=staff', carol)).toEqual([403, 'This room is not for you.\n']);
    for (const query of [
      'room=nowhere',
      'room=',
      '',
      'room[a]=hall',
      'room=hall&room=hall',
      'room=__proto__',
    ])
      expect(await get(`/url?${query}`, carol)).toEqual([404, 'There is no such room.\n']);
  });

  test('refuse a name that is none', async () => {
    for (const name of ['', ' ', 'x'.repeat(31), 'a\nb', '<b>', '\u202ealice'])
      expect((await post('/login', new URLSearchParams({ name }))).status).toBe(400);
    expect((await post('/login', new URLSearchParams('name=a&name=b'))).status).toBe(400);
    expect((await post('/login', new URLSearchParams())).status).toBe(400);
  });

  test('run their own script and style alone, and open sockets to the gateway alone', async () => {
    const response = await fetch(`${url}/`);
    expect(response.headers.get('content-security-policy')).toContain(
      `script-src 'self'; style-src 'self'; connect-src 'self' ${world.url};`,
    );
    expect((await fetch(`${url}/page.js`)).headers.get('content-type')).toContain('javascript');
    expect((await fetch(`${url}/page.css`)).headers.get('content-type')).toContain('css');
    expect((await get('/app.ts'))[0]).toBe(404);
    expect((await get('/page.js'))[1]).not.toContain('innerHTML');
  });
});

describe('without a setting', () => {
  const names = ['SOCKETHOOK_WEBSOCKET_URL', 'SOCKETHOOK_URL_KEY', 'SOCKETHOOK_WEBHOOK_SECRET'];

  test.for(names)('%s, the app says so in a line and ends', async (name) => {
    const child = new ChildApp(...command, { ...environment, [name]: '' }, { cwd: root });
    expect(await child.ended).toEqual([1, null]);
    expect(child.written).toMatch(new RegExp(`^${name} is not set; .+\\.\n$`));
  });

  test('and on a port that is taken, too', async () => {
    const child = new ChildApp(...command, environment, { cwd: root });
    expect(await child.ended).toEqual([1, null]);
    expect(child.written).toMatch(/^listen EADDRINUSE: .+\n$/);
    expect(app.written).toBe(`listening on ${url}/\n`);
  });
});
