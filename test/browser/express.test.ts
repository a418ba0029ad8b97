import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { ChildApp } from '../support/child-app.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { launchChromium } from './chromium.ts';

let browser: Browser;
let world: LocalWorld;
let app: ChildApp;
let url: string;
let port: number;
let gatewayPort: number;

const startGateway = (): Promise<LocalWorld> =>
  startLocal({ PORT: String(gatewayPort), WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` });

beforeAll(async () => {
  browser = await launchChromium();
  [port, gatewayPort] = [await freePort(), await freePort()];
  url = `http://localhost:${port}/`;
  world = await startGateway();
  const environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  const command = ['--import', 'tsx', 'examples/express/app.ts'];
  app = await ChildApp.start(process.execPath, command, environment, { listening: /listening on/ });
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
  await app?.stop();
});

/** Opens the chat as somebody, and waits until they are in the room of the URL's hash. */
async function visit(name: string, hash = '', given?: Page): Promise<Page> {
  const page = given ?? (await (await browser.newContext()).newPage());
  await page.goto(url);
  await page.getByLabel('Name:').fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
  if (hash !== '') await page.goto(`${url}${hash}`);
  await line(page, `${name} came in.`).first().waitFor();
  return page;
}

function line(page: Page, text: string): Locator {
  return page.getByRole('log').getByText(text, { exact: true });
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message:').fill(text);
  await page.getByLabel('Message:').press('Enter');
}

/** The ids of the open sockets. */
async function sockets(): Promise<string[]> {
  const { json } = await world.api.call('GET', '/sockets');
  return (json['sockets'] as { socket: string }[]).map(({ socket }) => socket).sort();
}

test('a visitor changes rooms by a link, on the connection that they have', async () => {
  const alice = await visit('alice');
  const bob = await visit('bob', '#garden');
  const before = await sockets();
  await alice.getByRole('link', { name: 'Garden' }).click();
  await line(bob, 'alice came in.').waitFor();
  await alice.getByRole('heading', { name: 'garden' }).waitFor();
  expect(await alice.getByRole('link', { name: 'Garden' }).getAttribute('aria-current')).toBe('page');
  await say(bob, 'hello');
  await line(alice, 'bob: hello').waitFor();
  expect(await sockets()).toEqual(before);
  await alice.goBack();
  await line(bob, 'alice left.').waitFor();
  await alice.getByRole('heading', { name: 'hall' }).waitFor();
});

test('a room that is not for a visitor leaves them where they are, and the page says so', async () => {
  const carol = await visit('carol');
  await carol.getByRole('link', { name: 'Staff' }).click();
  await line(carol, 'This room is not for you.').waitFor();
  expect(new URL(carol.url()).hash).toBe('#hall');
  await say(carol, 'still here');
  await line(carol, 'carol: still here').waitFor();
});

test('a visitor whose connection is renewed while they change rooms is in the room that the page shows', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  const enters: string[][] = [];
  let held = (): void => {};
  await page.routeWebSocket(`ws://localhost:${gatewayPort}/**`, (client) => {
    const gateway = client.connectToServer();
    const own: string[] = [];
    const isFirst = enters.push(own) === 1;
    client.onMessage((text) => {
      if (String(text).includes('enter')) own.push(String(text));
      if (isFirst && own.length > 0) held = () => gateway.send(text);
      else gateway.send(text);
    });
  });
  await visit('frank', '', page);
  await page.getByText('connected', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Garden' }).click();
  await expect.poll(() => enters).toEqual([['{"enter":"garden"}']]);
  await page.clock.fastForward(6_600_000);
  await expect
    .poll(() => enters, { timeout: 15_000 })
    .toEqual([['{"enter":"garden"}'], ['{"enter":"garden"}']]);
  held();
  await page.getByRole('heading', { name: 'garden' }).waitFor();
});

test('a page that was cut off comes back into the room that it was in', async () => {
  const dan = await visit('dan');
  await dan.getByRole('link', { name: 'Garden' }).click();
  await dan.getByRole('heading', { name: 'garden' }).waitFor();
  await world.stop();
  await dan.getByText(/^disconnected \(1001\); trying again in/).waitFor();
  world = await startGateway();
  const inGarden = async () => (await world.api.call('GET', '/groups/room:garden')).json['sockets'];
  await expect.poll(inGarden, { timeout: 15_000 }).toBe(1);
  await dan.getByText('connected', { exact: true }).waitFor();
});

test('a page whose socket the app closes stays away, and says what to do', async () => {
  const erin = await visit('erin');
  for (const socket of await sockets())
    await world.api.call('DELETE', `/sockets/${encodeURIComponent(socket)}`);
  await erin.getByText('disconnected; load this page to come back').waitFor();
  await erin.reload();
  await erin.getByText('connected', { exact: true }).waitFor();
});
