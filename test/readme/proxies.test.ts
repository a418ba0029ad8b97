import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isFree } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { has } from './has.ts';
import { doc } from './page.ts';

const page = doc('operations');
const [site = '', prefixed = ''] = page.code('TLS with nginx', 'nginx');
const [caddy = '', prefixedCaddy = ''] = page.code('TLS with Caddy', 'caddyfile');

let folder: string;
/** Of a certificate that is made for the tests. */
let certificate: string;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockethook-proxies-'));
  [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  if (!has('openssl')) return;
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=ws.example.com'];
  await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', certificate]);
});
afterAll(() => rm(folder, { recursive: true }));

test('nginx waits longer for traffic than the gateway does, so the gateway is first to close an idle socket', () => {
  const seconds = Number(/proxy_read_timeout (\d+)s;/.exec(site)?.[1]);
  expect(seconds * 1000).toBeGreaterThan(limitSets['api-gateway'].idleMs);
});

/** Replaces each text, and fails where it does not stand. */
function replaced(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((all, [from, to]) => {
    expect(all).toContain(from);
    return all.replaceAll(from, to);
  }, text);
}

/** The site of the page, on other ports. */
function nginxSite(port: number, gatewayPort: number): string {
  return replaced(site, [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/ssl/ws.example.com.pem', certificate],
    ['/etc/ssl/ws.example.com.key', key],
    ['127.0.0.1:8080', `127.0.0.1:${gatewayPort}`],
  ]);
}

/** The site with the prefix, whose comments say which lines of the other one it has. */
function prefixedNginxSite(port: number, gatewayPort: number): string {
  const whole = nginxSite(port, gatewayPort);
  const [map = ''] = whole.split('\n\n');
  const [, server = '', location = ''] = /server \{\n(.*?)\n *location \/ \{\n(.*?)\n *\}/s.exec(whole) ?? [];
  const others = location.split('\n').filter((line) => !line.includes('proxy_pass'));
  const here = replaced(prefixed, [
    ['# the lines of your site', server],
    ['# the other lines of the location above', others.join('\n')],
    ['127.0.0.1:8080', `127.0.0.1:${gatewayPort}`],
  ]);
  return `${map}\n${here}`;
}

async function startNginx(sites: string): Promise<ChildApp> {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const main = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log off; ${scratch.join(' ')} ${sites} }`;
  await writeFile(join(folder, 'nginx.conf'), main);
  const args = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')];
  return new ChildApp('nginx', args, {});
}

/** A Caddyfile of the page, on other ports, and with the certificate of the tests instead of a public one. */
async function startCaddy(file: string, host: string, port: number, gatewayPort: number): Promise<ChildApp> {
  const here = replaced(file, [
    [`${host} {\n`, `https://localhost:${port} {\n    tls ${certificate} ${key}\n`],
    ['127.0.0.1:8080', `127.0.0.1:${gatewayPort}`],
  ]);
  const path = join(folder, 'Caddyfile');
  await writeFile(path, `{\n    admin off\n    auto_https disable_redirects\n}\n${here}`);
  const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return new ChildApp('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], home);
}

/** A gateway behind a proxy, which is ready. Both end with the test. */
async function behind(
  prefix: string,
  startProxy: (port: number, gatewayPort: number) => Promise<ChildApp>,
): Promise<{ world: LocalWorld; port: number }> {
  const port = await freePort();
  const world = await startLocal({
    FORWARD_HEADERS: 'X-Real-IP',
    SOCKETHOOK_WEBSOCKET_URL: `wss://localhost:${port}${prefix}`,
  });
  const proxy = await startProxy(port, world.gateway.port);
  // Not in a finally block, which a test that times out never reaches.
  onTestFinished(async () => {
    await proxy.stop();
    await world.stop();
  });
  await eventually('the proxy listens', async () => {
    if (!proxy.isRunning) throw new Error(`The proxy has ended:\n${proxy.written}`);
    return !(await isFree(port));
  });
  return { world, port };
}

const proxies = [
  {
    name: 'nginx',
    prefix: '',
    start: (port: number, to: number) => startNginx(nginxSite(port, to)),
  },
  {
    name: 'nginx',
    prefix: '/sockethook',
    start: (port: number, to: number) => startNginx(prefixedNginxSite(port, to)),
  },
  {
    name: 'caddy',
    prefix: '',
    start: (port: number, to: number) => startCaddy(caddy, 'ws.example.com', port, to),
  },
  {
    name: 'caddy',
    prefix: '/sockethook',
    start: (port: number, to: number) => startCaddy(prefixedCaddy, 'example.com', port, to),
  },
];

for (const { name, prefix, start } of proxies) {
  test.skipIf(!has(name) || !has('openssl'))(
    `behind ${name} at "${prefix}/" clients connect over TLS, and their paths, hosts, cookies and addresses reach the app`,
    async () => {
      const { world, port } = await behind(prefix, start);
      const site = `localhost:${port}${prefix}`;
      const headers = { Cookie: 'session=1', 'X-Real-IP': '203.0.113.9' };
      const options = { rejectUnauthorized: false, origin: `https://localhost:${port}`, headers };
      const client = await connect(`wss://${site}/a%2Fb/caf%C3%A9?x=1`, options);
      const hook = await world.app.hook('/a%2Fb/caf%C3%A9', 'handshake');
      expect(hook.fields['query']).toBe('x=1');
      expect(hook.headers['cookie']).toBe('session=1');
      expect(hook.headers['x-real-ip']).toBe('127.0.0.1');
      client.send('hello');
      await world.app.hook('/a%2Fb/caf%C3%A9', 'message');
      const from = hook.fields['from'] ?? '';
      const sent = await curl(`${site}/send`, ['-d', `sockets=${encodeURIComponent(from)}`, '-d', 'body=hi']);
      expect(sent).toMatchObject({ delivered: 1 });
      expect(await client.next()).toBe('hi');
      const { socket } = await curl(`${site}/sockets/${encodeURIComponent(from)}`, []);
      expect(socket, 'an escaped id').toBe(from);
      await client.close();
      const { url } = await curl(`${site}/urls`, ['-d', 'path=%2Fx%252Fy']);
      expect(url).toMatch(new RegExp(`^wss://${site}/\\?ticket=`));
      const other = await connect(String(url), options);
      await world.app.hook('/x%2Fy', 'handshake');
      await other.close();
    },
  );
}

test.skipIf(!has('nginx') || !has('openssl'))(
  'behind nginx at a prefix, a client that writes the prefix in another way is refused, and reaches no hook',
  async () => {
    const prefix = '/sockethook';
    const { world, port } = await behind(prefix, (at, to) => startNginx(prefixedNginxSite(at, to)));
    for (const path of ['/%73ockethook/x', '//sockethook/x', '/y%2F..%2Fsockethook/x']) {
      const refused = await tryConnect(`wss://localhost:${port}${path}`, { rejectUnauthorized: false });
      expect(refused, path).toMatchObject({ status: 404 });
    }
    expect(world.app.hooks).toEqual([]);
  },
);

test('two gateways share nothing: what one sends or broadcasts does not reach the sockets of the other', async () => {
  const [one, other] = [await startLocal(), await startLocal()];
  onTestFinished(async () => {
    await one.stop();
    await other.stop();
  });
  const [here, there] = [await connect(`${one.url}/room`), await connect(`${other.url}/room`)];
  const { fields } = await other.app.hook('/room', 'handshake');
  const sent = await one.api.send(fields['from'] ?? '', 'a');
  expect(sent.json).toMatchObject({ delivered: 0, gone: [fields['from']] });
  expect((await one.api.broadcast({ body: 'b' })).json).toMatchObject({ delivered: 1, gone: 0 });
  expect(await here.next()).toBe('b');
  await other.api.broadcast({ body: 'c' });
  expect(await there.next()).toBe('c');
  await here.close();
  await there.close();
});

async function curl(url: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const authorization = `Authorization: Bearer ${testSecrets.apiKeys[0]}`;
  const all = ['--silent', '--insecure', '-H', authorization, ...args, `https://${url}`];
  return JSON.parse((await promisify(execFile)('curl', all)).stdout);
}
