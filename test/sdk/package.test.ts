import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { startLocal, testSecrets } from '../support/local.ts';

const run = promisify(execFile);
const root = process.cwd();
let folder: string;
let tarball: string;

/** An Express app as its author would write it, which type-checks as it is. */
const app = `
import express from 'express';
import session from 'express-session';
import { broadcastMessage, createWebSocketUrl, expressHooks, refuse, sendMessage, type Message } from 'sockethook';

const app = express();
app.use(session({ secret: 'secret', resave: false, saveUninitialized: false }));
app.use(
  '/websocket',
  expressHooks<express.Request>({
    handshake: async ({ socket, user, request }: Message, req) => {
      if (user === 'eve') return refuse(403);
      await sendMessage(socket, \`hello \${user}, \${req.ip !== undefined}, \${request.headers.get('x-forwarded-for')}\`);
      return { state: 'new' };
    },
    message: ({ body, state }) => ({ reply: \`\${state}: \${body}\`, state: 'old' }),
    closed: async ({ code }: Message) => {
      await broadcastMessage(\`left with \${code ?? 0}\`);
    },
  }),
);
app.get('/url', async (_, response) => {
  response.end(await createWebSocketUrl('/room', { user: 'alice' }));
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
`;

const compiled = /^dist\/(?:sdk|sdk\/client|functions\/wire)\/[\w-]+\.(?:js|d\.ts)$/;
const construct = /^dist\/infra\/aws\/(?:[\w-]+\.d\.ts|index\.js|pretty-path\.js)$/;
const itsTypes = /^dist\/functions\/(?:aws\/dynamo|wire\/formats)\/[\w-]+\.d\.ts$/;
const bundles = /^dist\/lambda\/[\w-]+\/index\.mjs$/;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-package-'));
  // What an earlier build has left is not packed.
  await mkdir(join(root, 'dist', 'sdk'), { recursive: true });
  await writeFile(join(root, 'dist', 'sdk', 'renamed-since.js'), '');
  await run('npm', ['run', 'build'], { cwd: root });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  });
  const [packed] = JSON.parse(stdout);
  tarball = join(folder, packed.filename);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package pulls in jose and nothing else, and holds the SDK, what it needs of the wire, the client, the command, and the construct', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  expect(Object.keys(dependencies)).toEqual(['jose']);
  for (const name of Object.keys(peerDependencies))
    expect(peerDependenciesMeta[name], name).toEqual({ optional: true });
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const files = stdout
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const beside = files.filter(
    (file) => ![compiled, construct, itsTypes, bundles].some((kind) => kind.test(file)),
  );
  expect(files, 'of an earlier build').not.toContain('dist/sdk/renamed-since.js');
  expect(beside.sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist/bin.js',
    'dist/client.js',
    'dist/demo/app.js',
    'dist/demo/page.css',
    'dist/demo/page.html',
    'dist/demo/page.js',
    'package.json',
  ]);
});

test('publint and attw find nothing', async () => {
  const publint = await run('npx', ['--no-install', 'publint', '--strict', tarball], { cwd: root });
  expect(publint.stdout).toContain('All good!');
  const attw = await run('npx', ['--no-install', 'attw', '--profile', 'esm-only', tarball], { cwd: root });
  expect(attw.stdout).toMatch(/node16 \(from ESM\).*🟢 \(ESM\)/);
});

test('installed into an empty directory, it runs an Express app, whose types check', async () => {
  await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}');
  await writeFile(join(folder, 'app.ts'), app);
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const needed = [
    'express',
    'express-session',
    '@types/express',
    '@types/express-session',
    '@types/node',
    'typescript',
  ];
  const packages = needed.map((name) => `${name}@${devDependencies[name]}`);
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...options, tarball, ...packages], { cwd: folder });
  const strict = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--exactOptionalPropertyTypes'];
  await run('npx', ['--no-install', 'tsc', ...strict, '--types', 'node', 'app.ts'], { cwd: folder });

  const port = await freePort();
  const world = await startLocal({ WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });
  const child = execFile(process.execPath, ['app.js'], {
    cwd: folder,
    env: {
      PORT: String(port),
      SOCKETHOOK_API_URL: world.gateway.apiUrl,
      SOCKETHOOK_API_KEY: testSecrets.apiKeys[0],
      SOCKETHOOK_WEBHOOK_SECRET: testSecrets.webhookSecrets[0],
      SOCKETHOOK_WEBSOCKET_URL: world.gateway.webSocketUrl,
      SOCKETHOOK_URL_KEY: testSecrets.urlKeys[0],
    },
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const url = await (await fetch(`http://127.0.0.1:${port}/url`)).text();
  const [stays, leaves] = [await connect(url), await connect(url)];
  expect(await leaves.next()).toBe('hello alice, true, 127.0.0.1');
  leaves.send('one');
  leaves.send('two');
  expect(await leaves.take(2)).toEqual(['new: one', 'old: two']);
  await leaves.close(4000);
  expect(await stays.take(2)).toEqual(['hello alice, true, 127.0.0.1', 'left with 4000']);
  await stays.close();
  child.kill();
  await world.stop();
}, 180_000);
