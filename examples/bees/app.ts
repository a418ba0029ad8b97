import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { build } from 'esbuild';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secureHeaders } from 'hono/secure-headers';
import { checkSettings, createWebSocketUrl, hooks, refuse } from 'sockethook';
import { readChange } from './change.ts';
import { Meadow } from './meadow.ts';
import { group, News } from './news.ts';

const meadow = new Meadow();
const news = new News(meadow);

const handle = hooks(
  {
    handshake: ({ user }) => {
      if (user === '') return refuse(401);
      return meadow.isFullFor(user) ? refuse(429) : undefined;
    },
    // A page looks once it is connected. From then on it gets every broadcast, so it misses nothing in between.
    message: ({ user, body, time }) => {
      if (body === 'look') return meadow.snapshot(user);
      const change = readChange(body);
      if (typeof change === 'string') return JSON.stringify({ notice: change });
      if (meadow.change(user, change, time)) news.tell();
      else news.count();
      return undefined;
    },
    joined: ({ user, sequence }) => {
      meadow.join(user, sequence);
      news.tell();
    },
    left: ({ user, sequence }) => {
      meadow.leave(user, sequence);
      news.tell();
    },
  },
  // Hooks are many here, and a repeated one does no harm: times and sequences tell what is old.
  { seen: false },
);

const files = 'page.css bee.css scene.css page.js bee.js controls.js scene.js'.split(' ');

/** `connection.js` with the browser client in it. */
async function bundleConnection(): Promise<string> {
  const entryPoints = [fileURLToPath(new URL('connection.js', import.meta.url))];
  const options = { bundle: true, format: 'esm', target: 'es2022', write: false } as const;
  const { outputFiles } = await build({ entryPoints, ...options });
  return outputFiles[0]?.text ?? '';
}

/** The app around the meadow. Its page may open sockets to `gateway` only. */
function createApp(gateway: string, connection: string): Hono {
  const self = ["'self'"];
  const policy = { scriptSrc: self, styleSrc: self, connectSrc: [...self, gateway], baseUri: ["'none'"] };
  const app = new Hono()
    .use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], ...policy } }))
    .post('/websocket/*', ({ req }) => handle(req.raw))
    .get('/url', giveUrl);
  const text = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  app.get('/', (context) => context.html(text('page.html')));
  const script = { 'Content-Type': 'text/javascript' };
  app.get('/connection.js', (context) => context.body(connection, 200, script));
  for (const name of files) {
    const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
    app.get(`/${name}`, (context) => context.body(text(name), 200, { 'Content-Type': type }));
  }
  return app;
}

/** The ticket fixes the visitor and the group. It works for a minute; the page asks for one each time it connects. */
async function giveUrl(context: Context): Promise<Response> {
  const user = visitor(context);
  if (meadow.isFullFor(user)) return context.text('the meadow is full', 503);
  const url = await createWebSocketUrl('/meadow', { user, groups: [group], expiresIn: 60 });
  context.header('Cache-Control', 'no-store');
  return context.json({ url });
}

/** Whose browser this is: all its tabs are one visitor. Others see a hash of the cookie, which they can't use. */
function visitor(context: Context): string {
  const known = getCookie(context, 'bee');
  const secret = known ?? randomBytes(16).toString('base64url');
  const maxAge = 365 * 86_400;
  if (known === undefined) setCookie(context, 'bee', secret, { httpOnly: true, sameSite: 'Lax', maxAge });
  return createHash('sha256').update(secret).digest('base64url').slice(0, 16);
}

async function start(port: number): Promise<void> {
  checkSettings('hooks', 'calls', 'urls');
  const { origin } = new URL(await createWebSocketUrl('/meadow', { user: 'nobody' }));
  const { fetch } = createApp(origin, await bundleConnection());
  serve({ fetch, port, hostname: '127.0.0.1' }, () => {
    process.stdout.write(`listening on http://localhost:${port}/\n`);
    news.count();
  }).on('error', fail);
}

function fail({ message }: Error): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

// Whatever started it with a channel has ended.
process.on('disconnect', () => process.exit(0));
start(Number(process.env['PORT'] || 3000)).catch(fail);
