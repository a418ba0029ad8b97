import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ChildApp } from '../support/child-app.ts';
import { type Asked, InspectorPage } from '../support/inspector-page.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld | undefined;
let page: InspectorPage | undefined;
afterEach(async () => {
  page?.close();
  await world?.stop();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<InspectorPage> {
  world = await startLocal({ INSPECTOR: 'true', ...environment });
  page = await InspectorPage.open(world.gateway);
  return page;
}

test('without the setting there is no inspector, and its path is unknown like others', async () => {
  world = await startLocal();
  expect(world.gateway.inspectorUrl).toBeUndefined();
  const base = world.gateway.apiUrl;
  const answers = ['/inspector', '/inspector/events', '/nowhere'].map(async (path) => {
    const response = await fetch(`${base}${path}`);
    return [response.status, await response.text()];
  });
  const [one, two, three] = await Promise.all(answers);
  expect([one, two]).toEqual([three, three]);
  expect(one?.[0]).toBe(404);
});

test('the printed URL gives a cookie for its token, which opens the page and all that it needs', async () => {
  const page = await start();
  const opened = await page.ask(`/inspector?token=${page.token}`, { headers: { Cookie: undefined } });
  expect([opened.status, opened.headers.location]).toEqual([200, undefined]);
  expect(opened.body).toContain('<meta http-equiv="refresh" content="0; url=/inspector">');
  expect(opened.body).not.toContain(page.token);
  expect(opened.headers['set-cookie']).toEqual([
    `sockethook_inspector_${page.port}=${page.token}; HttpOnly; SameSite=Strict; Path=/inspector`,
  ]);
  const { status, headers, body } = await page.ask('/inspector');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(body).toContain('<html');
});

test('a token is long, and another one at each start', async () => {
  const { token } = await start();
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  const other = await startLocal({ INSPECTOR: 'true' });
  expect(new InspectorPage(other.gateway).token).not.toBe(token);
  await other.stop();
});

test('no token, a wrong one and a wrong cookie open nothing', async () => {
  const page = await start();
  const name = `sockethook_inspector_${page.port}`;
  const wrong = page.token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
  const cookies = [
    undefined,
    '',
    `${name}=`,
    `${name}=${wrong}`,
    `${name}=${page.token}x`,
    `other=${page.token}`,
  ];
  for (const Cookie of cookies)
    for (const path of ['/inspector', '/inspector/events', '/inspector/hooks/1', '/inspector/nothing'])
      expect([path, Cookie, (await page.ask(path, { headers: { Cookie } })).status]).toEqual([
        path,
        Cookie,
        403,
      ]);
  for (const token of ['', wrong, `${page.token}x`]) {
    const { status, headers } = await page.ask(`/inspector?token=${token}`);
    expect([token, status, headers['set-cookie']]).toEqual([token, 403, undefined]);
  }
  const among = { Cookie: `a=b; ${name}=${wrong}; ${page.cookie};` };
  expect((await page.ask('/inspector', { headers: among })).status, 'the right cookie among others').toBe(
    200,
  );
});

test('only the names of this machine and the configured host open it, with the right port', async () => {
  const page = await start();
  const statusOf = async (Host: string) => (await page.ask('/inspector', { headers: { Host } })).status;
  const { port } = page;
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
    expect([host, await statusOf(host)]).toEqual([host, 200]);
  for (const host of [
    'localhost',
    `localhost:${port + 1}`,
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `127.0.0.2:${port}`,
  ])
    expect([host, await statusOf(host)]).toEqual([host, 403]);
});

test('the configured host opens it too', async () => {
  const page = await start({ HOST: '0.0.0.0' });
  const { port } = page;
  expect((await page.ask('/inspector', { headers: { Host: `0.0.0.0:${port}` } })).status).toBe(200);
  expect((await page.ask('/inspector', { headers: { Host: `192.0.2.1:${port}` } })).status).toBe(403);
});

test('a whole URL as the target is checked like Host', async () => {
  const page = await start();
  const at = (host: string) => page.ask(`http://${host}/inspector`);
  expect((await at(`localhost:${page.port}`)).status).toBe(200);
  expect((await at(`evil.example:${page.port}`)).status).toBe(403);
});

test('a request that comes through a proxy is refused, whatever its token', async () => {
  const page = await start();
  for (const name of [
    'Forwarded',
    'Via',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Real-IP',
  ])
    for (const path of ['/inspector', `/inspector?token=${page.token}`, '/inspector?token=wrong']) {
      const { status, body } = await page.ask(path, { headers: { [name]: '1.2.3.4' } });
      expect([name, status, body]).toEqual([
        name,
        403,
        'Open the inspector on this machine, and not through a proxy.\n',
      ]);
    }
  expect((await page.ask('/inspector', { headers: { 'X-Requested-With': 'x' } })).status).toBe(200);
});

test('another page can neither post nor read, even one of this host on another port', async () => {
  const page = await start();
  const host = `localhost:${page.port}`;
  const statusOf = async (asked: Asked, path = '/inspector/broadcast') =>
    (await page.ask(path, asked)).status;
  const post = { method: 'POST', body: '{"body":"hello"}' };
  const type = { 'Content-Type': 'application/json' };
  expect(await statusOf({ ...post, headers: type })).toBe(200);
  expect(await statusOf({ ...post, headers: { ...type, 'Sec-Fetch-Site': 'same-origin' } })).toBe(200);
  for (const Origin of [undefined, 'null', 'http://evil.example', `https://${host}`, 'http://localhost:1'])
    expect([Origin, await statusOf({ ...post, headers: { ...type, Origin } })]).toEqual([Origin, 403]);
  for (const site of ['cross-site', 'same-site', 'none'])
    expect([site, await statusOf({ ...post, headers: { ...type, 'Sec-Fetch-Site': site } })]).toEqual([
      site,
      403,
    ]);
  for (const [site, status] of [
    ['same-site', 403],
    ['cross-site', 403],
    ['same-origin', 404],
    ['none', 404],
  ] as const)
    expect([site, await statusOf({ headers: { 'Sec-Fetch-Site': site } }, '/inspector/hooks/1')]).toEqual([
      site,
      status,
    ]);
  const link = { headers: { 'Sec-Fetch-Site': 'cross-site' } };
  expect(await statusOf(link, `/inspector?token=${page.token}`), 'a link to the page').toBe(200);
});

test('a refusal says the same with the right token and with a wrong one', async () => {
  const page = await start();
  const Host = 'evil.example';
  const right = await page.ask(`/inspector?token=${page.token}`, { headers: { Host } });
  const wrong = await page.ask('/inspector?token=wrong', { headers: { Host, Cookie: undefined } });
  expect([right.status, right.body]).toEqual([403, wrong.body]);
  expect(wrong.status).toBe(403);
});

test('every answer forbids other scripts, frames, caches and sniffing', async () => {
  const page = await start();
  const answers = [
    await page.ask('/inspector'),
    await page.ask('/inspector', { headers: { Cookie: undefined } }),
    await page.ask(`/inspector?token=${page.token}`),
    await page.ask('/inspector/hooks/1'),
    await page.ask('/inspector/close', { method: 'POST', body: '{}' }),
  ];
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  }
});

/** What `npm start` writes, on a free port. In a terminal, or what it takes for one, it writes for a person. */
async function written(isTerminal: boolean, INSPECTOR: string | undefined): Promise<string> {
  const terminal = ['--import', 'data:text/javascript,process.stdout.isTTY=true'];
  const args = [
    '--import',
    './infra/local/typescript.js',
    ...(isTerminal ? terminal : []),
    'infra/local/start.ts',
  ];
  const SOCKETHOOK_DIR = mkdtempSync(join(tmpdir(), 'sockethook-'));
  const place = { PORT: '0', WEBHOOK_BASE_URL: 'http://127.0.0.1:1/hooks', SOCKETHOOK_DIR };
  const gateway = new ChildApp(process.execPath, args, { ...place, INSPECTOR });
  await gateway.says(isTerminal ? 'Your app' : 'started');
  await gateway.stop(10_000);
  return gateway.output;
}

test('its URL is printed in a terminal, or else in the log, and only if there is an inspector', async () => {
  const url = /http:\/\/localhost:\d+\/inspector\?token=[\w-]{43}/;
  const [inTerminal, inLog, off] = await Promise.all([
    written(true, 'true'),
    written(false, 'true'),
    written(false, undefined),
  ]);
  expect(inTerminal).toMatch(new RegExp(`^  Inspector    ${url.source}$`, 'm'));
  expect(inTerminal.match(/token=/g), 'once').toHaveLength(1);
  const line = inLog.split('\n').find((text) => text.includes('"event":"inspector"')) ?? '{}';
  expect(JSON.parse(line).url).toMatch(url);
  expect(inLog.match(/token=/g), 'once').toHaveLength(1);
  expect(off).not.toContain('inspector');
});

test('it serves its own files and no others', async () => {
  const page = await start();
  for (const path of ['/inspector/', '/inspector/page.html']) expect((await page.ask(path)).status).toBe(200);
  for (const path of [
    '/inspector/nothing.js',
    '/inspector/../guard.ts',
    '/inspector/%2e%2e%2fguard.ts',
    '/inspector/guard.ts',
  ])
    expect([path, (await page.ask(path)).status]).toEqual([path, 404]);
  expect((await page.ask('/inspectors')).body, 'another path is the API').toContain('not_found');
});
