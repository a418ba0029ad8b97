import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LocalLimits } from '../../functions/local/settings.ts';
import { clientScript } from '../../infra/build/bundle-client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { launchChromium } from './chromium.ts';
import { MuteProxy } from './mute-proxy.ts';

let browser: Browser;
let script: string;
let pages: Server;
/** What the page gets when it asks for a URL; null makes it stop. */
let nextUrl: () => Promise<string | null>;
let asked = 0;
const worlds: LocalWorld[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  const { outputFiles } = await build({ ...clientScript, write: false });
  script = outputFiles[0]?.text ?? '';
  pages = createServer(async ({ url }, response) => {
    if (url !== '/url') {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>');
      return;
    }
    asked += 1;
    response.end(JSON.stringify(await nextUrl()));
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  for (const world of worlds.splice(0)) await world.stop();
  asked = 0;
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
});

async function gateway(
  environment: Record<string, string> = {},
  limits: Partial<LocalLimits> = {},
): Promise<LocalWorld> {
  const world = await startLocal(environment, limits);
  worlds.push(world);
  return world;
}

/** A page with a `socket` that has these settings, and lists of its `states` and `texts`. */
async function visit(options: object): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
  await page.addScriptTag({ content: script });
  await page.evaluate(`
    globalThis.states = [];
    globalThis.texts = [];
    globalThis.socket = new sockethook.ReliableSocket(
      async (signal) => (await fetch('/url', { signal })).json(),
      ${JSON.stringify(options)},
    );
    socket.onmessage = ({ data }) => texts.push(data);
    socket.onstatechange = ({ state, code, reason }) => states.push([state, code, reason].filter(Boolean).join(' '));
  `);
  return page;
}

/** How often the page has had a new connection. */
const opens = (page: Page): Promise<number> =>
  page.evaluate("states.filter((state) => state === 'open').length");

const isOpenAgain = (page: Page, times = 2) =>
  expect.poll(() => opens(page), { timeout: 20_000 }).toBeGreaterThanOrEqual(times);

test('a page is back after a restart of the gateway, and what it sent meanwhile arrives', async () => {
  const port = await freePort();
  const first = await startLocal({ PORT: String(port) });
  nextUrl = async () => `ws://127.0.0.1:${port}/room`;
  const page = await visit({});
  await isOpenAgain(page, 1);
  await first.stop();
  await expect.poll(() => page.evaluate('socket.state'), { timeout: 20_000 }).toMatch(/waiting|connecting/);
  await page.evaluate("socket.send('kept')");
  const second = await gateway({ PORT: String(port) });
  expect((await second.app.hook('/room', 'message')).fields['body']).toBe('kept');
  await isOpenAgain(page);
  expect(await page.evaluate("states.find((state) => state.startsWith('waiting'))")).toContain('1001');
});

test('a page whose ticket has expired asks for a new one, and stops when it is told to', async () => {
  const world = await gateway({ REQUIRE_TICKET: 'true' });
  const ticket = async (): Promise<string> =>
    String((await world.api.post('/urls', { path: '/room', expiresIn: 1 })).json['url']);
  const expired = await ticket();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const urls = [async () => expired, ticket];
  nextUrl = async () => (await urls.shift()?.()) ?? null;
  const page = await visit({});
  await isOpenAgain(page, 1);
  expect(await page.evaluate('states')).toEqual(['waiting 1006', 'connecting', 'open']);
  expect(asked).toBe(2);
  const { sockets } = (await world.api.call('GET', '/sockets')).json;
  const [{ socket = '' } = {}] = sockets as { socket: string }[];
  await world.api.call('DELETE', `/sockets/${encodeURIComponent(socket)}`);
  await expect.poll(() => page.evaluate('socket.state'), { timeout: 20_000 }).toBe('closed');
  expect(asked).toBe(2);
});

test('a page notices that its link has died silently, and makes a new one', async () => {
  const world = await gateway();
  const proxy = await MuteProxy.before(Number(new URL(world.url).port));
  nextUrl = async () => `ws://127.0.0.1:${proxy.port}/room`;
  const page = await visit({ pingMs: 200, pongMs: 2_000 });
  await isOpenAgain(page, 1);
  await proxy.pong;
  proxy.mute();
  await isOpenAgain(page);
  expect(await page.evaluate("states.find((state) => state.startsWith('waiting'))")).toBe(
    'waiting 1006 no pong',
  );
  proxy.stop();
});

test('a page renews its connection before the gateway cuts it, and misses and repeats nothing', async () => {
  const lifeMs = 4_000;
  const world = await gateway({}, { lifeMs });
  nextUrl = async () => `${world.url}/room`;
  const page = await visit({ renewMs: lifeMs / 2, overlapMs: 300 });
  await isOpenAgain(page, 1);
  const sent: string[] = [];
  while ((await opens(page)) < 1 || asked < 4) {
    const text = `tick ${sent.length}`;
    sent.push(text);
    await world.api.broadcast({ body: text });
    await page.evaluate(`socket.send(${JSON.stringify(text)})`);
  }
  await expect.poll(() => page.evaluate('texts.at(-1)'), { timeout: 20_000 }).toBe(sent.at(-1));
  expect(await page.evaluate('texts')).toEqual(sent);
  expect(await page.evaluate('states')).toEqual(['open']);
  await expect.poll(() => world.app.of('/room', 'message').length, { timeout: 20_000 }).toBe(sent.length);
  const heard = world.app.of('/room', 'message').map(({ fields }) => fields['body']);
  expect([...heard].sort()).toEqual([...sent].sort());
});

test('a page that does not renew in time is cut off at the end of the life of its socket, and back', async () => {
  const world = await gateway({}, { lifeMs: 1_500 });
  nextUrl = async () => `${world.url}/room`;
  const page = await visit({ renewMs: 1e12 });
  await isOpenAgain(page, 1);
  await isOpenAgain(page);
  expect(await page.evaluate("states.find((state) => state.startsWith('waiting'))")).toBe(
    'waiting 1001 Going away',
  );
  await page.evaluate("socket.send('here')");
  expect((await world.app.hook('/room', 'message')).fields['body']).toBe('here');
});
