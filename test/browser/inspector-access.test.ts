import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { launchChromium } from './chromium.ts';
import { Inspected } from './inspected.ts';

let browser: Browser;
let world: LocalWorld;
let context: BrowserContext;

beforeAll(async () => {
  browser = await launchChromium();
});

beforeEach(async () => {
  world = await startLocal({ INSPECTOR: 'true' });
});

afterEach(async () => {
  await context?.close();
  await world?.stop();
});

afterAll(async () => {
  await browser?.close();
});

test('every control is reached by the Tab key, and the focus is always visible', async () => {
  context = await browser.newContext();
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/chat`);
  await inspected.hooks('/chat').waitFor();
  await inspected.sockets('/chat').waitFor();
  const stops: string[] = [];
  for (;;) {
    await inspected.page.keyboard.press('Tab');
    const focused = await inspected.focused();
    if (focused === '') break;
    stops.push(focused.split(' ')[0] ?? '');
    expect([focused, await inspected.page.evaluate('inPage.focusIsVisible()')]).toEqual([focused, true]);
  }
  expect(stops.join(' ')).toMatch(
    /Skip .*sockets-filter \/chat\S* .*kind send-socket send-body Send pause .*hooks-event hooks-text hooks-failures/,
  );
  await client.close();
});

test('with the keyboard alone a user opens a hook, sends it again, closes it, selects a socket and broadcasts', async () => {
  context = await browser.newContext();
  const inspected = await Inspected.open(context, world);
  const { keyboard } = inspected.page;
  const tabTo = async (stop: string, key = 'Tab'): Promise<void> => {
    for (let presses = 0; !(await inspected.focused()).startsWith(stop); presses += 1) {
      if (presses > 40) throw new Error(`The ${key} key never comes to ${stop}.`);
      await keyboard.press(key);
    }
  };
  const client = await connect(`${world.url}/chat`);
  client.send('one');
  await world.app.hook('/chat', 'message');
  client.send('two');
  await inspected.hooks('message', 'accepted').nth(1).waitFor();

  await keyboard.press('Tab');
  expect(await inspected.focused()).toContain('Skip to the hooks');
  await keyboard.press('Enter');
  await tabTo('hooks-failures');
  await keyboard.press('Tab');
  await keyboard.press('End');
  expect(await inspected.focused()).toContain('handshake');
  await keyboard.press('ArrowUp');
  await keyboard.press('Enter');
  await inspected.request.waitFor();
  expect(await inspected.request.textContent()).toContain('body=one');
  expect(await inspected.focused()).toMatch(/^details/);
  await tabTo('again');
  await keyboard.press('Enter');
  await inspected.details.getByRole('status').filter({ hasText: 'Your app answered 204' }).waitFor();
  await inspected.hooks('sent again').waitFor();
  await keyboard.press('Escape');
  expect(await inspected.details.isVisible()).toBe(false);
  expect(await inspected.focused()).toContain('message');
  await keyboard.press('ArrowDown');
  expect(await inspected.focused()).toContain('handshake');

  await tabTo('sockets-filter', 'Shift+Tab');
  await keyboard.press('Tab');
  await keyboard.press('Space');
  expect(await inspected.sockets().getAttribute('aria-selected')).toBe('true');
  await tabTo('kind');
  await keyboard.press('ArrowRight');
  await tabTo('broadcast-body');
  await keyboard.type('to all');
  await keyboard.press('Control+Enter');
  expect(await client.next()).toBe('to all');
  await client.close();
});

test('the focus stays in the list when its row goes', async () => {
  context = await browser.newContext();
  const inspected = await Inspected.open(context, world);
  const first = await connect(`${world.url}/first`);
  const second = await connect(`${world.url}/second`);
  await inspected.sockets('/second').focus();
  await second.close();
  await inspected.sockets('/second').waitFor({ state: 'detached' });
  expect(await inspected.focused()).toContain('/first');
  await first.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`at 380 pixels nothing scrolls sideways, and every text has enough contrast in ${colorScheme}`, async () => {
    context = await browser.newContext({ colorScheme, viewport: { width: 380, height: 800 } });
    const long = `/${'x'.repeat(300)}`;
    world.app.on(long, ({ fields }) => (fields['body'] === 'fail' ? 500 : 204));
    world.app.on('/no', () => 403);
    const inspected = await Inspected.open(context, world);
    const { page } = inspected;
    const client = await connect(`${world.url}${long}`);
    await connect(`${world.url}/no`).catch(() => undefined);
    client.send('y'.repeat(500));
    client.send('fail');
    await inspected.hooks('refused 403').waitFor();
    await inspected.hooks('failed 500').first().waitFor();
    const check = async (view: string): Promise<void> => {
      const width = await page.evaluate('inPage.width()');
      expect([view, width]).toEqual([view, 380]);
      expect([view, await page.evaluate('inPage.faintTexts()')]).toEqual([view, []]);
    };
    await check('the lists');
    await page.getByText('Send, broadcast or close').click();
    await page.getByText('Broadcast', { exact: true }).first().click();
    await check('the form to broadcast');
    await inspected.openHook('message', 'accepted 204');
    await page.getByRole('button', { name: 'Send again' }).click();
    await inspected.details.getByRole('status').filter({ hasText: 'Your app answered' }).waitFor();
    await check('a hook');
    await client.close();
  });
}
