import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readme } from '../readme/page.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { actions, RecordingApp } from '../support/recording-app.ts';
import { type Installation, type Node, nodes, Package } from './package.ts';

let made: Package;
let alone: Installation;
beforeAll(async () => {
  made = await Package.pack();
  alone = await made.install();
});
afterAll(() => made.remove());

const started: ChildApp[] = [];
afterEach(async () => {
  for (const app of started.splice(0)) await app.stop(10_000);
});

/** Starts a gateway, and gives what it says when it has started. */
async function serve(installation: Installation, node: Node, args: readonly string[], env = {}) {
  const gateway = installation.program(node, args, env);
  started.push(gateway);
  await gateway.says('"event":"started"');
  const lines = gateway.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { gateway, lines, url: String(lines.find(({ event }) => event === 'started').webSocket) };
}

const freshFolder = (): string => mkdtempSync(join(made.tarball, '..', 'dir-'));

test('installed into an empty directory, it takes less than 15 MB, and is jose and itself', async () => {
  expect(readdirSync(join(alone.folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'jose',
    'sockethook',
  ]);
  const megabytes = (await alone.bytes()) / 1_000_000;
  expect(megabytes).toBeGreaterThan(0.5);
  expect(megabytes).toBeLessThan(15);
});

test.for(nodes)('`npx sockethook` serves an app on Node.js $version', async (node) => {
  const app = new RecordingApp();
  app.on('/room/1', ({ fields }) =>
    fields['event'] === 'message' ? actions({ reply: `${fields['body']}!` }) : 204,
  );
  const gateway = alone.run(node, [await app.listen(), '--port', String(await freePort())], {
    SOCKETHOOK_DIR: freshFolder(),
  });
  started.push(gateway);
  await gateway.says('"event":"started"');
  expect(gateway.errors, 'no warning of Node.js').toBe('');
  const [, url] = /"webSocket":"([^"]+)"/.exec(gateway.output) ?? [];
  const client = await connect(`${url}room/1`);
  client.send('hello');
  expect(await client.next()).toBe('hello!');
  await client.close();
  await app.stop();
});

test.for(nodes)('`--demo` serves the demo and its page on Node.js $version', async (node) => {
  const port = await freePort();
  const { url } = await serve(alone, node, ['--demo', '--port', String(port), '--dir', freshFolder()]);
  const page = await (await fetch(`http://localhost:${port + 1}/`)).text();
  expect(page).toContain('<script');
  const script = await fetch(`http://localhost:${port + 1}/page.js`);
  expect([script.status, script.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ]);
  expect(await script.text(), 'a script that a browser can run as it is').not.toMatch(
    /\bimport\b.*sockethook/,
  );
  const client = await connect(`${url}foo/bar`);
  await client.next();
  client.send('hello');
  expect(await client.next()).toContain('hello');
  await client.close();
});

test('`--inspector` serves the page of the inspector and its files, at the URL that it prints', async () => {
  const [node] = nodes;
  if (node === undefined) throw new Error('There is no Node.js.');
  const args = ['http://127.0.0.1:1/hooks', '--inspector', '--port', String(await freePort())];
  const { gateway } = await serve(alone, node, [...args, '--dir', freshFolder()]);
  await gateway.says('"event":"inspector"');
  const [, url = ''] = /"event":"inspector","url":"([^"]+)"/.exec(gateway.output) ?? [];
  const { status, headers } = await fetch(url);
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(status).toBe(200);
  const base = url.replace(/\?.*/, '');
  const page = await (await fetch(base, { headers: { cookie } })).text();
  expect(page).toMatch(/<title>.*inspector/i);
  const files = [...page.matchAll(/(?:src|href)="\/?(?:inspector\/)?([\w-]+\.(?:js|css))"/g)].map(
    ([, name]) => name,
  );
  for (const file of files)
    expect([file, (await fetch(`${base}/${file}`, { headers: { cookie } })).status]).toEqual([file, 200]);
});

test.for(nodes)('`--metrics public` serves the metrics on Node.js $version', async (node) => {
  const app = new RecordingApp();
  const args = [await app.listen(), '--port', String(await freePort()), '--dir', freshFolder()];
  const { url } = await serve(alone, node, [...args, '--metrics', 'public']);
  const answer = await fetch(new URL('/metrics', url.replace('ws:', 'http:')));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(await answer.text()).toContain('\nsockethook_sockets_open 0\n');
  await app.stop();
});

/** A message waits in the store when the gateway is killed. How often its app gets it from the next start. */
async function messagesAfterKill(installation: Installation, node: Node): Promise<number> {
  const app = new RecordingApp();
  const base = await app.listen();
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
  const args = [base, '--port', String(await freePort()), '--dir', freshFolder()];
  const first = await serve(installation, node, args);
  const client = await connect(`${first.url}room`);
  client.send('kept');
  await app.hook('/room', 'message');
  await first.gateway.says('hook_retried');
  first.gateway.signal('SIGKILL');
  await first.gateway.ended;
  const before = app.of('/room', 'message').length;
  app.on('/room', () => 204);
  await serve(installation, node, args);
  await app.hook('/room', 'closed');
  const after = app.of('/room', 'message').length - before;
  await app.stop();
  return after;
}

test.for(nodes.filter(({ hasSqlite }) => hasSqlite))(
  'on Node.js $version a message that waits survives a kill, by the SQLite of Node.js',
  async (node) => {
    expect(await messagesAfterKill(alone, node)).toBe(1);
  },
);

test.for(nodes.filter(({ hasSqlite }) => !hasSqlite))(
  'on Node.js $version one warning says that nothing outlives the gateway, and what to install; that makes a store',
  async (node) => {
    const app = new RecordingApp();
    const base = await app.listen();
    const port = String(await freePort());
    const { lines } = await serve(alone, node, [base, '--port', port, '--dir', freshFolder()]);
    const warnings = lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ event }) => event)).toEqual(['no_store']);
    expect(warnings[0].advice).toContain('npm install @photostructure/sqlite');
    expect(warnings[0].lost).toContain('lost');
    await app.stop();

    const withStore = await made.install('@photostructure/sqlite@^1.2.1');
    expect(await messagesAfterKill(withStore, node)).toBe(1);
  },
);

test('the lines of the README serve an app, and give a shell what calls the gateway', async () => {
  const [start = '', env = ''] = readme.code('Without a clone', 'sh');
  const app = new RecordingApp();
  const here = start.replace('http://127.0.0.1:3000/websocket', await app.listen());
  expect(here).not.toBe(start);
  const variables = { PORT: String(await freePort()), SOCKETHOOK_DIR: freshFolder(), HOME: alone.folder };
  const options = { cwd: alone.folder, ownGroup: true };
  const gateway = new ChildApp('sh', ['-c', here], variables, options);
  started.push(gateway);
  await gateway.says('"event":"started"');
  const call = 'curl -sS -H "Authorization: Bearer $SOCKETHOOK_API_KEY" "$SOCKETHOOK_API_URL/sockets"';
  const caller = new ChildApp('sh', ['-c', `${env}\n${call}`], variables, options);
  await caller.ended;
  expect(JSON.parse(caller.output)).toEqual({ sockets: [] });
  await app.stop();
});

test.for(nodes)(
  '`npx sockethook env` on Node.js $version gives a shell what calls the gateway',
  async (node) => {
    const app = new RecordingApp();
    const port = String(await freePort());
    await serve(alone, node, [await app.listen(), '--port', port]);
    const env = alone.run(node, ['env', '--port', port]);
    expect(await env.ended).toEqual([0, null]);
    const call = 'curl -sS -H "Authorization: Bearer $SOCKETHOOK_API_KEY" "$SOCKETHOOK_API_URL/sockets"';
    const answer = execFileSync('sh', ['-c', `${env.output}\n${call}`], { encoding: 'utf8' });
    expect(JSON.parse(answer)).toEqual({ sockets: [] });
    const json = alone.program(node, ['env', '--json'], { PORT: port });
    await json.ended;
    for (const [name, value] of Object.entries(JSON.parse(json.output)))
      expect(env.output).toContain(`export ${name}='${value}'\n`);
    await app.stop();
  },
);

test('git sees nothing of the secrets that a gateway makes in a project', async () => {
  const [node] = nodes;
  const project = await made.install();
  execFileSync('git', ['init', '-q'], { cwd: project.folder });
  await project.program(node!, ['env']).ended;
  expect(readdirSync(join(project.folder, '.sockethook')).sort()).toEqual(['.gitignore', 'secrets.json']);
  const seen = execFileSync('git', ['status', '--porcelain', '-uall'], {
    cwd: project.folder,
    encoding: 'utf8',
  });
  expect(seen).toContain('package.json');
  expect(seen).not.toContain('.sockethook');
});
