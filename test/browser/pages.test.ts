import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { startPythonApp } from '../examples/python.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { launchChromium } from './chromium.ts';

let browser: Browser;
let world: LocalWorld;
let app: ChildApp;
let url: string;
/** What a page says that it must not: errors of its scripts, and what its policy forbids. */
const complaints: string[] = [];
let startGateway: () => Promise<LocalWorld>;

beforeAll(async () => {
  browser = await launchChromium();
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await world?.stop();
  await app?.stop();
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(() => browser?.close());

/** Starts a gateway, and an app that gets its port and its variables. */
async function start(startApp: (port: number, environment: Environment) => Promise<ChildApp>): Promise<void> {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const settings = { PORT: String(gatewayPort), WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket` };
  startGateway = () => startLocal(settings);
  url = `http://localhost:${port}/`;
  world = await startGateway();
  app = await startApp(port, appEnvironment(world.gateway, testSecrets));
}

async function visit(query = ''): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${url}${query}`);
  await connected(page);
  return page;
}

const connected = (page: Page): Promise<void> =>
  page.getByRole('status').getByText('connected', { exact: true }).waitFor();

/** Restarts the gateway, and waits until a page that it cut off is back. */
async function restartUnder(page: Page): Promise<void> {
  await world.stop();
  await page.getByText(/^disconnected \(1001\); trying again in/).waitFor();
  world = await startGateway();
  await connected(page);
}

test('the pages of the poll on Hono show each vote, and come back after a restart of the gateway', async () => {
  const command = ['--import', 'tsx', 'examples/hono/app.ts'];
  await start((port, environment) =>
    ChildApp.start(process.execPath, command, { ...environment, PORT: String(port) }),
  );
  const [alice, bob] = [await visit(), await visit()];
  const counts = (page: Page): Promise<string[]> => page.locator('#poll span').allTextContents();
  await alice.getByRole('button', { name: 'pizza' }).click();
  for (const page of [alice, bob]) await expect.poll(() => counts(page)).toEqual(['0', '0', '1']);
  await restartUnder(bob);
  await bob.getByRole('button', { name: 'soup' }).click();
  await expect.poll(() => counts(bob)).toEqual(['1', '0', '1']);
  await connected(alice);
  await expect.poll(() => counts(alice)).toEqual(['1', '0', '1']);
});

test('the pages of the chat in Python greet, send and show, and come back after a restart of the gateway', async () => {
  await start(startPythonApp);
  const alice = await visit('?user=alice');
  const line = (text: string) => alice.getByRole('log').getByText(text, { exact: true });
  const say = async (text: string): Promise<void> => {
    await alice.getByLabel('Message:').fill(text);
    await alice.getByLabel('Message:').press('Enter');
  };
  await line('Welcome, alice!').waitFor();
  await say('<b>hello</b>');
  await line('<b>hello</b>').waitFor();
  await restartUnder(alice);
  await expect.poll(() => line('Welcome, alice!').count()).toBe(2);
  await say('back');
  await line('Received: "back"').waitFor();
});

test('a page of the chat in Python says why there is no URL for its user', async () => {
  await start(startPythonApp);
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}?user=${'x'.repeat(257)}`);
  await page.getByText(/^There is no URL for this user: .*; trying again in/).waitFor();
});
