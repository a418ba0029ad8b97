import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { doc } from '../readme/page.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { actions, RecordingApp } from '../support/recording-app.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockethook-executable-'));
const started: ChildApp[] = [];
/** The documented commands: one that makes the executable, and one that starts it for an app. */
const [build = '', start = ''] = doc('operations').code('Bun (experimental)', 'sh').join('').split('\n');
beforeAll(() => {
  execFileSync('sh', ['-c', build]);
  copyFileSync(start.split(' ')[0] ?? '', join(folder, 'sockethook'));
});
afterEach(async () => {
  for (const gateway of started.splice(0)) await gateway.stop(10_000);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the executable in its directory, which has nothing else at first, and with an empty PATH. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildApp {
  const app = new ChildApp(join(folder, 'sockethook'), args, { PATH: '', ...env }, { cwd: folder });
  started.push(app);
  return app;
}

async function serve(args: readonly string[]): Promise<{ gateway: ChildApp; url: string }> {
  const gateway = run(args);
  await gateway.says('"event":"started"');
  const [, url = ''] = /"webSocket":"([^"]+)"/.exec(gateway.output) ?? [];
  return { gateway, url };
}

test('the executable says its version and how to use it', async () => {
  const version = run(['--version']);
  expect(await version.ended, version.written).toEqual([0, null]);
  expect(version.output).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = run(['--help']);
  expect(await help.ended, help.written).toEqual([0, null]);
  expect(help.output).toContain('\n  sockethook http://localhost:3000/websocket ');
});

test('the executable serves the demo with its page, is called from the command line, and stops', async () => {
  const port = await freePort();
  const { gateway, url } = await serve(['--demo', '--port', String(port), '--dir', 'demo']);
  const page = `http://localhost:${port + 1}`;
  expect(await (await fetch(page)).text()).toContain('<script');
  expect(await (await fetch(`${page}/page.js`)).text(), 'a script that a browser can run').not.toMatch(
    /\bimport\b.*sockethook/,
  );
  const client = await connect(`${url}foo/bar`);
  expect(await client.next()).toBe('Received handshake.');
  client.send('hello');
  expect(await client.take(2)).toEqual(['hello', 'BROADCAST:hello']);
  const variables = run(['env', '--port', String(port), '--dir', 'demo']);
  await variables.ended;
  const env = Object.fromEntries(
    [...variables.output.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
  );
  const call = run(['broadcast', 'from the command line'], env);
  expect(await call.ended, call.written).toEqual([0, null]);
  expect(await client.next()).toBe('from the command line');
  gateway.signal('SIGTERM');
  expect((await client.closed).code).toBe(1001);
  expect(await gateway.ended, gateway.written).toEqual([0, null]);
  expect(gateway.errors).toBe('');
});

test('the executable serves its inspector and its metrics', async () => {
  const args = ['http://127.0.0.1:1/hooks', '--inspector', '--metrics', 'public', '--dir', 'demo'];
  const { gateway, url } = await serve([...args, '--port', String(await freePort())]);
  await gateway.says('"event":"inspector"');
  const [, inspector = ''] = /"event":"inspector","url":"([^"]+)"/.exec(gateway.output) ?? [];
  const { headers } = await fetch(inspector, { redirect: 'manual' });
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  const base = inspector.replace(/\?.*/, '');
  for (const [file, type] of [
    ['', 'text/html'],
    ['/page.js', 'text/javascript'],
  ] as const) {
    const answer = await fetch(`${base}${file}`, { headers: { cookie } });
    expect(answer.headers.get('content-type'), file).toBe(`${type}; charset=utf-8`);
    expect(await answer.text(), file).toMatch(file === '' ? /<title>.*inspector/i : /import /);
  }
  const metrics = await (await fetch(new URL('/metrics', url.replace('ws:', 'http:')))).text();
  expect(metrics).toContain('\nsockethook_sockets_open 0\n');
});

test('a message that waits in the store of the executable survives a kill', async () => {
  const app = new RecordingApp();
  const base = await app.listen();
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
  const args = [base, '--port', String(await freePort()), '--dir', 'kept'];
  const first = await serve(args);
  const client = await connect(`${first.url}room`);
  client.send('kept');
  await first.gateway.says('hook_retried');
  first.gateway.signal('SIGKILL');
  await first.gateway.ended;
  const before = app.of('/room', 'message').length;
  app.on('/room', ({ fields }) => (fields['event'] === 'message' ? actions({ reply: 'late' }) : 204));
  await serve(args);
  await app.hook('/room', 'closed');
  expect(app.of('/room', 'message').length - before).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(['demo', 'kept', 'sockethook']);
  await app.stop();
});
