import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { build } from 'esbuild';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { checkSettings, createWebSocketUrl, hooks } from 'sockethook';

const dishes = ['soup', 'salad', 'pizza'];
/** The vote of each socket, in the memory of this process. The votes of closed sockets still count. */
const votes = new Map<string, string>();
/**
 * How often a vote was cast or changed. Messages may overtake one another; a page ignores any that is not the newest.
 */
let version = 0;

function poll(): string {
  const count = (dish: string) => [...votes.values()].filter((vote) => vote === dish).length;
  return JSON.stringify({ version, counts: dishes.map((dish) => [dish, count(dish)]) });
}

/** The poll. The gateway sends a reply to the socket itself, and a broadcast to everybody. */
const handle = hooks({
  handshake: () => ({ reply: poll() }),
  message: ({ socket, body }) => {
    if (!dishes.includes(body) || votes.get(socket) === body) return;
    votes.set(socket, body);
    version += 1;
    return { broadcast: [{ body: poll() }] };
  },
});

/** The script of the page with the browser client in it. A real app has a bundler do this once, and not at each start. */
async function bundleScript(): Promise<string> {
  const entryPoints = [`${import.meta.dirname}/page.js`];
  const options = { bundle: true, format: 'esm', target: 'es2022', write: false } as const;
  const { outputFiles } = await build({ entryPoints, ...options });
  return outputFiles[0]?.text ?? '';
}

/** The app around the poll. Its page may open sockets to `gateway` only. */
function createApp(gateway: string, script: string): Hono {
  const self = ["'self'"];
  const policy = { scriptSrc: self, styleSrc: self, connectSrc: [...self, gateway], baseUri: ["'none'"] };
  const file = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  return new Hono()
    .use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], ...policy } }))
    .post('/websocket/*', ({ req }) => handle(req.raw))
    .get('/url', async (context) => context.json({ url: await createWebSocketUrl('/poll') }))
    .get('/', (context) => context.html(file('page.html')))
    .get('/page.css', (context) => context.body(file('page.css'), 200, { 'Content-Type': 'text/css' }))
    .get('/page.js', (context) => context.body(script, 200, { 'Content-Type': 'text/javascript' }));
}

async function start(port: number): Promise<void> {
  checkSettings('hooks', 'urls');
  const { origin } = new URL(await createWebSocketUrl('/poll'));
  const { fetch } = createApp(origin, await bundleScript());
  serve({ fetch, port, hostname: '127.0.0.1' }, () => {
    process.stdout.write(`listening on http://localhost:${port}/\n`);
  }).on('error', fail);
}

function fail({ message }: Error): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

start(Number(process.env['PORT'] || 3000)).catch(fail);
