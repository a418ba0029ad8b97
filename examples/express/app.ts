import { randomBytes } from 'node:crypto';
import { build } from 'esbuild';
import express, { type Express, type Response } from 'express';
import session from 'express-session';
import { type ActionsFor, checkSettings, createWebSocketUrl, expressHooks, refuse } from 'sockethook';

declare module 'express-session' {
  interface SessionData {
    name: string;
  }
}

/** Who may enter each room; undefined means everybody. A room is a group of sockets. In memory only. */
const rooms: ReadonlyMap<string, ReadonlySet<string> | undefined> = new Map([
  ['room:hall', undefined],
  ['room:garden', undefined],
  ['room:staff', new Set(['alice', 'bob'])],
]);

const longestText = 2_000;
const refusals = { 401: 'Log in first.', 403: 'This room is not for you.', 404: 'There is no such room.' };
const files = { root: import.meta.dirname };

/** Why a user may not enter a room; undefined if they may. An empty name means that nobody is logged in. */
function whyNot(room: string, name = ''): keyof typeof refusals | undefined {
  if (name === '') return 401;
  if (!rooms.has(room)) return 404;
  const members = rooms.get(room);
  return members === undefined || members.has(name) ? undefined : 403;
}

/** The chat. The gateway does what a handler returns; `group` narrows a broadcast to a room. */
const chat = expressHooks<express.Request>({
  // A page on the gateway's host brings the session cookie. A client from elsewhere has the user of its ticket.
  handshake: ({ path, user, groups }, { session }) => {
    if (path !== '/chat') return refuse(404);
    const name = session.name ?? user;
    // The ticket names the room, and may have been made for somebody else.
    const [room = 'room:hall'] = groups;
    const status = whyNot(room, name);
    if (status !== undefined) return refuse(status);
    return { user: name, join: [room], broadcast: [{ body: notice(`${name} came in.`), group: room }] };
  },
  message: ({ user, groups, body }) => {
    const { enter, text } = read(body);
    if (enter !== undefined) return move(user, groups, `room:${enter}`);
    if (text === undefined) return notice('Not understood.');
    if (text.length > longestText) return notice(`Not sent: it has more than ${longestText} characters.`);
    return { broadcast: groups.map((group) => ({ body: JSON.stringify({ name: user, text }), group })) };
  },
  closed: ({ user, groups }) => ({ broadcast: leaving(user, groups) }),
});

/** What a page sends: the name of a room to enter, or a text for the room. Anybody can send anything. */
function read(body: string): { enter?: string; text?: string } {
  try {
    const { enter, text } = Object(JSON.parse(body));
    return typeof enter === 'string' ? { enter } : typeof text === 'string' ? { text } : {};
  } catch {
    return {};
  }
}

/** Moves a socket to another room. Its page learns from the reply which room it is in. */
function move(user: string, groups: readonly string[], room: string): ActionsFor<'message'> {
  const status = whyNot(room, user);
  if (status !== undefined) return { reply: notice(refusals[status], groups[0]) };
  if (groups.includes(room)) return { reply: JSON.stringify({ room }) };
  // All the others, not just those in `groups`: on AWS one message may overtake another.
  const leave = [...rooms.keys()].filter((other) => other !== room);
  const coming = { body: notice(`${user} came in.`), group: room };
  return {
    leave,
    join: [room],
    reply: JSON.stringify({ room }),
    broadcast: [...leaving(user, groups), coming],
  };
}

function leaving(user: string, groups: readonly string[]): { body: string; group: string }[] {
  return groups.map((group) => ({ body: notice(`${user || 'Somebody'} left.`), group }));
}

function notice(text: string, room?: string): string {
  return JSON.stringify({ notice: text, room });
}

/** The script of the page with the browser client in it. A real app has a bundler do this once, and not at each start. */
async function bundleScript(): Promise<string> {
  const entryPoints = [`${import.meta.dirname}/page.js`];
  const options = { bundle: true, format: 'esm', target: 'es2022', write: false } as const;
  const { outputFiles } = await build({ entryPoints, ...options });
  return outputFiles[0]?.text ?? '';
}

/** The app around the chat. Its pages may open sockets to `gateway` only. */
function createApp(gateway: string, script: string): Express {
  const app = express();
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${gateway}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
  app.use((_, response, next) => {
    response.set({ 'Content-Security-Policy': policy, 'Cache-Control': 'no-store' });
    next();
  });
  // Sessions are in memory too, so they end with this process.
  const secret = randomBytes(32).toString('hex');
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
  app.use('/websocket', chat); // after the session, before any body parser
  app.post('/login', express.urlencoded({ extended: false }), logIn);
  app.get('/', (request, response) => {
    response.sendFile(request.session.name === undefined ? 'login.html' : 'page.html', files);
  });
  app.get('/url', giveUrl);
  app.get('/page.css', (_, response) => response.sendFile('page.css', files));
  app.get('/page.js', (_, response) => response.type('js').send(script));
  return app;
}

/** Accepts any name. A real app asks for a password. */
function logIn(request: express.Request, response: Response, next: (error: unknown) => void): void {
  const name = String(request.body?.name ?? '').trim();
  if (!/^[\p{L}\p{N} ._-]{1,30}$/u.test(name)) {
    say(response, 400, 'A name is 1 to 30 letters, digits, spaces, ".", "_" and "-".');
    return;
  }
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.name = name;
    response.redirect(303, '/');
  });
}

/**
 * A ticket fixes the user and the room to begin in. It works for a minute, so the page asks for a new URL each time it
 * connects.
 */
async function giveUrl({ query, session }: express.Request, response: Response): Promise<void> {
  const room = `room:${query['room']}`;
  const status = whyNot(room, session.name);
  if (status !== undefined) return say(response, status, refusals[status]);
  const ticket = { user: session.name ?? '', groups: [room], expiresIn: 60 };
  response.json({ url: await createWebSocketUrl('/chat', ticket) });
}

function say(response: Response, status: number, sentence: string): void {
  response.status(status).type('text').send(`${sentence}\n`);
}

async function start(port: number): Promise<void> {
  checkSettings('hooks', 'urls');
  const { origin } = new URL(await createWebSocketUrl('/', { user: 'nobody' }));
  createApp(origin, await bundleScript()).listen(port, '127.0.0.1', (error) => {
    if (error) fail(error);
    else process.stdout.write(`listening on http://localhost:${port}/\n`);
  });
}

function fail({ message }: Error): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

start(Number(process.env['PORT'] || 3000)).catch(fail);
