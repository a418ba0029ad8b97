import { randomBytes } from 'node:crypto';
import express, { type Express, type Response } from 'express';
import session from 'express-session';
import { checkSettings, createWebSocketUrl, expressHooks, refuse } from 'sockethook';

declare module 'express-session' {
  interface SessionData {
    name: string;
  }
}

/** Who may enter each room; undefined means everybody. A room's sockets use the path of its page. In memory only. */
const rooms: ReadonlyMap<string, ReadonlySet<string> | undefined> = new Map([
  ['/room/hall', undefined],
  ['/room/garden', undefined],
  ['/room/staff', new Set(['alice', 'bob'])],
]);

const longestText = 2_000;
const refusals = { 401: 'Log in first.', 403: 'This room is not for you.', 404: 'There is no such room.' };
const files = { root: import.meta.dirname };

/** Why a user may not enter a room; undefined if they may. An empty name means that nobody is logged in. */
function whyNot(path: string, name = ''): keyof typeof refusals | undefined {
  if (name === '') return 401;
  if (!rooms.has(path)) return 404;
  const members = rooms.get(path);
  return members === undefined || members.has(name) ? undefined : 403;
}

/** The chat. The gateway does what a handler returns; `path` narrows a broadcast to the room. */
const chat = expressHooks<express.Request>({
  // A page on the gateway's host brings the session cookie. A client from elsewhere has the user of its ticket.
  handshake: ({ path, user }, { session }) => {
    const name = session.name ?? user;
    const status = whyNot(path, name);
    if (status !== undefined) return refuse(status);
    return { user: name, broadcast: [{ body: notice(`${name} came in.`), path }] };
  },
  message: ({ path, user, body }) => {
    if (body.length > longestText) return notice(`Not sent: it has more than ${longestText} characters.`);
    return { broadcast: [{ body: JSON.stringify({ name: user, text: body }), path }] };
  },
  closed: ({ path, user }) => ({ broadcast: [{ body: notice(`${user || 'Somebody'} left.`), path }] }),
});

function notice(text: string): string {
  return JSON.stringify({ notice: text });
}

/** The app around the chat. Its pages may open sockets to `gateway` only. */
function createApp(gateway: string): Express {
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
    response.sendFile(request.session.name === undefined ? 'login.html' : 'rooms.html', files);
  });
  app.get('/room/:name', (request, response) => {
    const status = whyNot(request.path, request.session.name);
    if (status === 401) response.redirect('/');
    else if (status !== undefined) say(response, status, refusals[status]);
    else response.sendFile('page.html', files);
  });
  app.get('/url', giveUrl);
  app.get(['/page.css', '/page.js'], (request, response) => response.sendFile(request.path, files));
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
 * A ticket fixes the room and the user. It works for a minute, so the page asks for a new URL each time it connects.
 */
async function giveUrl({ query, session }: express.Request, response: Response): Promise<void> {
  const path = `/room/${query['room']}`;
  const status = whyNot(path, session.name);
  if (status !== undefined) return say(response, status, refusals[status]);
  response.json({ url: await createWebSocketUrl(path, { user: session.name ?? '', expiresIn: 60 }) });
}

function say(response: Response, status: number, sentence: string): void {
  response.status(status).type('text').send(`${sentence}\n`);
}

async function start(port: number): Promise<void> {
  checkSettings('hooks', 'urls');
  const { origin } = new URL(await createWebSocketUrl('/', { user: 'nobody' }));
  createApp(origin).listen(port, '127.0.0.1', (error) => {
    if (error) fail(error);
    else process.stdout.write(`listening on http://localhost:${port}/\n`);
  });
}

function fail({ message }: Error): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

start(Number(process.env['PORT'] || 3000)).catch(fail);
