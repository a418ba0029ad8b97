import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isFree } from '../support/free-port.ts';
import { startLocal, testSecrets } from '../support/local.ts';
import { doc } from './page.ts';

const page = doc('operations');
const [site = ''] = page.code('TLS with nginx', 'nginx');
const [unit = ''] = page.code('A service with systemd', 'ini');

/** Whether this machine can run a program. */
function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-services-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('nginx waits longer for traffic than the gateway does, so the gateway is first to close an idle socket', () => {
  const seconds = Number(/proxy_read_timeout (\d+)s;/.exec(site)?.[1]);
  expect(seconds * 1000).toBeGreaterThan(limitSets['api-gateway'].idleMs);
});

test('the systemd unit starts what `npm start` runs, and gives it the time that it needs to stop', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(/^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)?.[1]).toBe(scripts.start);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(15);
});

test.skipIf(!has('systemd-analyze'))('systemd finds nothing wrong with the unit', async () => {
  const file = join(folder, 'sockethook.service');
  // The path of Node.js differs from machine to machine, and systemd looks whether it is there.
  await writeFile(file, unit.replace('/usr/bin/node', process.execPath));
  const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', file]);
  expect(stderr).toBe('');
});

/** The site of the page on other ports, with a certificate made for the test. */
async function startNginx(port: number, gatewayPort: number): Promise<ChildApp> {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=ws.example.com'];
  await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', certificate]);
  const here = site
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/ssl/ws.example.com.pem', certificate)
    .replace('/etc/ssl/ws.example.com.key', key)
    .replace('127.0.0.1:8080', `127.0.0.1:${gatewayPort}`);
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const main = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log off; ${scratch.join(' ')} ${here} }`;
  await writeFile(join(folder, 'nginx.conf'), main);
  return new ChildApp(
    'nginx',
    ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')],
    {},
  );
}

test.skipIf(!has('nginx') || !has('openssl'))(
  'behind nginx clients connect over TLS, and their paths, hosts, cookies and addresses reach the app',
  async () => {
    const port = await freePort();
    const world = await startLocal({
      FORWARD_HEADERS: 'X-Real-IP',
      SOCKETHOOK_WEBSOCKET_URL: `wss://localhost:${port}`,
    });
    const nginx = await startNginx(port, world.gateway.port);
    // Not in a finally block, which a test that times out never reaches.
    onTestFinished(async () => {
      await nginx.stop();
      await world.stop();
    });
    await eventually('nginx listens', async () => !(await isFree(port)));
    const headers = { Cookie: 'session=1', 'X-Real-IP': '203.0.113.9' };
    const origin = `https://localhost:${port}`;
    const options = { rejectUnauthorized: false, origin, headers };
    const client = await connect(`wss://localhost:${port}/a%2Fb/caf%C3%A9?x=1`, options);
    const hook = await world.app.hook('/a%2Fb/caf%C3%A9', 'handshake');
    expect(hook.fields['query']).toBe('x=1');
    expect(hook.headers['cookie']).toBe('session=1');
    expect(hook.headers['x-real-ip']).toBe('127.0.0.1');
    client.send('hello');
    await world.app.hook('/a%2Fb/caf%C3%A9', 'message');
    const from = hook.fields['from'] ?? '';
    const sent = await curl(port, '/send', ['-d', `sockets=${encodeURIComponent(from)}`, '-d', 'body=hi']);
    expect(sent).toMatchObject({ delivered: 1 });
    expect(await client.next()).toBe('hi');
    const made = await curl(port, '/urls', ['-d', 'path=/x']);
    expect(made['url']).toMatch(new RegExp(`^wss://localhost:${port}/\\?ticket=`));
    await client.close();
  },
);

async function curl(port: number, path: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const key = `Authorization: Bearer ${testSecrets.apiKeys[0]}`;
  const all = ['--silent', '--insecure', '-H', key, ...args, `https://localhost:${port}${path}`];
  return JSON.parse((await promisify(execFile)('curl', all)).stdout);
}
