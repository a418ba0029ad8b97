import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import { ChildApp } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { launchChromium } from './chromium.ts';

const graceMs = 1_000;

let browser: Browser;
let world: LocalWorld;
let app: ChildApp;
let url: string;
/** Of the gateway. */
let settings: Record<string, string>;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});

// A meadow of its own for each test: bees of an earlier one would stay for the grace.
beforeEach(async () => {
  const port = await freePort();
  url = `http://localhost:${port}/`;
  settings = {
    PORT: String(await freePort()),
    WEBHOOK_BASE_URL: `http://127.0.0.1:${port}/websocket`,
    HOOKS: 'handshake,message,joined,left',
    PRESENCE_GRACE_MS: String(graceMs),
  };
  world = await startLocal(settings);
  const environment = { ...appEnvironment(world.gateway, testSecrets), PORT: String(port) };
  const command = ['--import', 'tsx', 'examples/bees/app.ts'];
  app = await ChildApp.start(process.execPath, command, environment, { listening: /listening on/ });
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await world?.stop();
  await app?.stop();
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
});

/** Opens the meadow in a window of a new visitor, and gives their bee a name. What the browser complains of is kept. */
async function visit(name: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await open(page);
  await page.getByLabel('Your bee').fill(name);
  await page.getByLabel('Your bee').press('Enter');
  await sees(page, `${name} (you)`);
  return page;
}

async function open(page: Page): Promise<void> {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text());
  });
  await page.goto(url);
  await page.locator('.bee.mine .name').waitFor();
}

/** Waits until a page lists a bee. */
async function sees(page: Page, name: string): Promise<void> {
  await page.getByRole('list').getByText(name, { exact: true }).waitFor();
}

/** The bees that a page shows, by their names. */
async function names(page: Page): Promise<string[]> {
  return (await page.locator('.bee .name').allTextContents()).sort();
}

/** Where the bee of a name is on a page, in pixels. */
async function place(page: Page, name: string): Promise<{ x: number; y: number }> {
  const bee = page.locator('.bee', { hasText: name });
  const { e, f } = await bee.evaluate((element) => {
    // The test's own library has no DOM.
    const { DOMMatrix, getComputedStyle } = Object(globalThis);
    return new DOMMatrix(getComputedStyle(element).transform);
  });
  return { x: e, y: f };
}

test('two windows see the bees of each other fly, and the bee of a closed window flies away', async () => {
  const alice = await visit('Alice');
  const bob = await visit('Bob');
  await sees(alice, 'Bob');
  expect(await names(alice)).toEqual(['Alice', 'Bob']);
  expect(await names(bob)).toEqual(['Alice', 'Bob']);
  await alice.getByText('2 bees are here').waitFor();
  for (const [x, y] of [
    [700, 300],
    [500, 450],
  ] as const) {
    await bob.mouse.move(x, y, { steps: 5 });
    for (const page of [bob, alice]) {
      await expect.poll(async () => (await place(page, 'Bob')).x, { timeout: 10_000 }).toBeCloseTo(x, -1);
      await expect.poll(async () => (await place(page, 'Bob')).y, { timeout: 10_000 }).toBeCloseTo(y, -1);
    }
  }
  await noteLeaving(alice);
  const closing = Date.now();
  await bob.close();
  await expect.poll(() => alice.evaluate('left')).toEqual(['Bob']);
  expect(Date.now() - closing).toBeGreaterThan(graceMs - 20);
  await expect.poll(() => names(alice), { timeout: 10_000 }).toEqual(['Alice']);
  await alice.getByText('you are the first bee here').waitFor();
});

/** Has a page note which bees fly away from now on: in less than a second they are gone, so a look may miss it. */
async function noteLeaving(page: Page): Promise<void> {
  await page.evaluate(() => {
    const window = Object(globalThis);
    window.left = [];
    const note = (element: { className: string; textContent: string }): void => {
      if (element.className === 'bee leaving') window.left.push(element.textContent.trim());
    };
    new window.MutationObserver((changes: { target: Parameters<typeof note>[0] }[]) => {
      for (const { target } of changes) note(target);
    }).observe(window.document.getElementById('bees'), { subtree: true, attributeFilter: ['class'] });
  });
}

test('two tabs of a visitor have one bee, and a reload keeps it', async () => {
  const alice = await visit('Alice');
  const bob = await visit('Bob');
  const second = await bob.context().newPage();
  await open(second);
  await sees(second, 'Bob (you)');
  expect(await names(alice)).toEqual(['Alice', 'Bob']);
  await bob.close();
  const bobsBee = alice.locator('.bee', { hasText: 'Bob' });
  await bobsBee.evaluate((element) => Object.assign(element, { id: 'same' }));
  await second.reload();
  await sees(second, 'Bob (you)');
  const carol = await visit('Carol');
  await sees(alice, 'Carol');
  await carol.close();
  // Longer than the grace, so that Bob's bee would have left too.
  await expect.poll(() => names(alice)).toEqual(['Alice', 'Bob']);
  expect(await bobsBee.getAttribute('id')).toBe('same');
  expect(await bobsBee.getAttribute('class')).toBe('bee');
});

test('arrow keys fly the bee, space has it fly a loop, and a name that is being typed does neither', async () => {
  const alice = await visit('Alice');
  const bob = await visit('Bob');
  await sees(bob, 'Alice');
  await countLoops(bob);
  const before = await place(bob, 'Alice');
  await alice.keyboard.down('ArrowUp');
  await expect
    .poll(async () => (await place(bob, 'Alice')).y, { timeout: 10_000 })
    .toBeLessThan(before.y - 60);
  await alice.keyboard.up('ArrowUp');
  const { y } = await restingPlace(alice, 'Alice');
  // A space in the name is no loop, nor is an arrow in it a way to fly.
  await alice.getByLabel('Your bee').fill('Al');
  await alice.getByLabel('Your bee').press('Space');
  await alice.keyboard.down('ArrowDown');
  await frames(alice, 20);
  await alice.keyboard.up('ArrowDown');
  await alice.getByLabel('Your bee').pressSequentially('ice');
  await alice.getByLabel('Your bee').press('Enter');
  await sees(bob, 'Al ice');
  expect(await flownLoops('Al ice')).toBe(0);
  expect(await shownLoops(bob)).toBe(0);
  expect((await restingPlace(alice, 'Al ice')).y).toBeCloseTo(y, -1);
  await alice.keyboard.press('Space');
  await expect.poll(() => shownLoops(bob), { timeout: 10_000 }).toBe(1);
  expect(await flownLoops('Al ice')).toBe(1);
  expect((await restingPlace(alice, 'Al ice')).y).toBeCloseTo(y, -1);
  await expect.poll(async () => (await place(bob, 'Al ice')).y, { timeout: 10_000 }).toBeCloseTo(y, -1);
});

/** Where a bee is once it flies no further: a page that has drawn ten times more shows it in the same place. */
async function restingPlace(page: Page, name: string): Promise<{ readonly x: number; readonly y: number }> {
  let last = await place(page, name);
  const moved = async (): Promise<number> => {
    const before = last;
    await frames(page, 10);
    last = await place(page, name);
    return Math.hypot(last.x - before.x, last.y - before.y);
  };
  await expect.poll(moved, { timeout: 10_000 }).toBeLessThan(1);
  return last;
}

/** Waits until a page has drawn this often: a busy machine draws late, and a bee flies only when it is drawn. */
async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (left) => {
    const { requestAnimationFrame } = Object(globalThis);
    for (let frame = 0; frame < left; frame++) await new Promise(requestAnimationFrame);
  }, count);
}

/** Has a page count the loops that it shows from now on: a loop is over in less than a second, so a look may miss it. */
async function countLoops(page: Page): Promise<void> {
  await page.evaluate(() => {
    const window = Object(globalThis);
    const { animate } = window.Element.prototype;
    window.shownLoops = 0;
    window.Element.prototype.animate = function (...how: unknown[]) {
      window.shownLoops += 1;
      return animate.apply(this, how);
    };
  });
}

/** How many loops a page has shown since `countLoops`. */
async function shownLoops(page: Page): Promise<number> {
  return page.evaluate(() => Object(globalThis).shownLoops);
}

/** How many loops a bee has flown, as the app tells one more visitor. */
async function flownLoops(name: string): Promise<number | undefined> {
  const made: { url: string } = JSON.parse(await (await fetch(`${url}url`)).text());
  const client = await connect(made.url);
  client.send('look');
  for (;;) {
    const { all, bees }: { all?: boolean; bees: { name: string; loops: number }[] } = JSON.parse(
      await client.next(),
    );
    if (all !== true) continue;
    await client.close();
    return bees.find((bee) => bee.name === name)?.loops;
  }
}

test('a name that is not allowed is refused with a sentence, and the bee keeps its own', async () => {
  const alice = await visit('Alice');
  await alice.getByLabel('Your bee').fill('<b>bold</b>');
  await alice.getByLabel('Your bee').press('Enter');
  await alice.getByText('A name is 1 to 20 letters').waitFor();
  expect(await alice.locator('.bee b').count()).toBe(0);
  expect(await names(alice)).toEqual(['Alice']);
});

test('a page that was cut off comes back by itself, and says meanwhile that it is not connected', async () => {
  const alice = await visit('Alice');
  await alice.route('**/url', (route) => route.abort());
  await world.stop();
  await alice.getByText(/trying again in/).waitFor();
  world = await startLocal(settings);
  await alice.unroute('**/url');
  await alice.getByText('you are the first bee here').waitFor();
  await sees(alice, 'Alice (you)');
  complaints.splice(0); // of the request that was aborted
});

test('a hidden page has no socket, and its bee leaves; shown again, it comes back with its name', async () => {
  const alice = await visit('Alice');
  const bob = await visit('Bob');
  await sees(alice, 'Bob');
  await turn(bob, true);
  await bob.getByText('resting while you look elsewhere').waitFor();
  await expect.poll(() => names(alice), { timeout: 10_000 }).toEqual(['Alice']);
  expect(await sockets()).toBe(1);
  await turn(bob, false);
  await sees(alice, 'Bob');
  await sees(bob, 'Bob (you)');
});

/** How many sockets are open. */
async function sockets(): Promise<unknown> {
  return (await world.api.call('GET', '/groups/meadow')).json['sockets'];
}

/** Tells a page that it is hidden, or visible; a headless browser never hides one. */
async function turn(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    const { document, Event } = Object(globalThis);
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

test('nothing flutters for a visitor who wants little motion, and bees still fly', async () => {
  const alice = await visit('Alice', { reducedMotion: 'reduce' });
  const bob = await visit('Bob');
  await sees(alice, 'Bob');
  await bob.mouse.click(600, 300);
  await expect.poll(async () => (await place(alice, 'Bob')).x, { timeout: 10_000 }).toBeCloseTo(600, -1);
  const animations = await alice.evaluate(() =>
    Object(globalThis)
      .document.getAnimations()
      .map((animation: object) => String(Object(animation).animationName)),
  );
  expect(animations).toEqual([]);
});

test('a narrow window has room for everything, without scrolling', async () => {
  const alice = await visit('Alice', { viewport: { width: 380, height: 700 }, hasTouch: true });
  const size = await alice.evaluate(() => {
    const { scrollWidth, scrollHeight } = Object(globalThis).document.documentElement;
    return { scrollWidth, scrollHeight };
  });
  expect(size).toEqual({ scrollWidth: 380, scrollHeight: 700 });
  await alice.touchscreen.tap(200, 300);
  await expect.poll(async () => (await place(alice, 'Alice')).x, { timeout: 10_000 }).toBeCloseTo(200, -1);
  for (const card of await alice.locator('.card').all()) {
    const box = await card.boundingBox();
    expect(box && box.x >= 0 && box.x + box.width <= 380 && box.y >= 0 && box.y + box.height <= 700).toBe(
      true,
    );
  }
});
