import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { Started } from './started.ts';

let browser: Browser;
let demo: Started;

beforeAll(async () => {
  browser = await launchChromium();
  demo = await Started.create();
});

// A test before may have stopped it.
beforeEach(async () => {
  if (!(await demo.answers())) await demo.start();
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});

afterAll(async () => {
  await browser?.close();
  await demo?.remove();
});

/** Opens the demo for one more visitor. What the browser complains of is kept. */
async function visit(): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text());
  });
  await page.goto(demo.page);
  await line(page, 'Received handshake.').waitFor();
  return { page, complaints };
}

function output(page: Page): Locator {
  return page.getByRole('log', { name: 'output' });
}

function line(page: Page, text: string): Locator {
  return output(page).getByText(text, { exact: true });
}

async function lines(page: Page): Promise<string[]> {
  return output(page).locator('p').allTextContents();
}

test('what one visitor types comes back to them, and then goes to everybody', async () => {
  const { page: alice, complaints } = await visit();
  const { page: bob } = await visit();
  await alice.getByLabel('Message:').fill('hello');
  await alice.getByLabel('Message:').press('Enter');
  await line(alice, 'BROADCAST:hello').waitFor();
  await line(bob, 'BROADCAST:hello').waitFor();
  expect(await lines(alice)).toEqual(['Received handshake.', 'hello', 'BROADCAST:hello']);
  expect(await lines(bob)).toEqual(['Received handshake.', 'BROADCAST:hello']);
  expect(await alice.getByLabel('Message:').inputValue()).toBe('');
  expect(complaints).toEqual([]);
});

test('markup is shown as the text that was typed', async () => {
  const { page: alice } = await visit();
  const { page: bob } = await visit();
  await alice.getByLabel('Message:').fill('<b>bold</b>');
  await alice.getByRole('button', { name: 'Send' }).click();
  await line(alice, '<b>bold</b>').waitFor();
  await line(bob, 'BROADCAST:<b>bold</b>').waitFor();
  expect(await output(alice).locator('b').count()).toBe(0);
  expect(await output(bob).locator('b').count()).toBe(0);
});

test('a page comes back by itself after the gateway was away, and keeps what was typed meanwhile', async () => {
  const { page } = await visit();
  expect(await demo.stop()).toBe(0);
  expect(await demo.answers()).toBe(false);
  const log = page.getByRole('log', { name: 'debug' });
  await log.getByText(/socket closed \(1001.*trying again in/).waitFor();
  await page.getByLabel('Message:').fill('still here');
  await page.getByLabel('Message:').press('Enter');
  await log.getByText('your message stays in its field').waitFor();
  await demo.start();
  await line(page, 'Received handshake.').nth(1).waitFor();
  await page.getByLabel('Message:').press('Enter');
  await line(page, 'BROADCAST:still here').waitFor();
});

test('it ends with 0 when it is told to, and takes the demo app along', async () => {
  await visit();
  expect(await demo.stop()).toBe(0);
  expect(await demo.answers()).toBe(false);
});
