import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Browser, BrowserContext } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { type Answer, actions } from '../support/recording-app.ts';
import { launchChromium } from './chromium.ts';
import { Inspected, printedUrl } from './inspected.ts';

const run = promisify(execFile);
const markup = '<script>window.hit = 1</script><img src="x" onerror="window.hit = 1">';

let browser: Browser;
let world: LocalWorld;
let context: BrowserContext;

beforeAll(async () => {
  browser = await launchChromium();
});

beforeEach(async () => {
  world = await startLocal({ INSPECTOR: 'true' });
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
});

afterEach(async () => {
  await context?.close();
  await world?.stop();
});

afterAll(async () => {
  await browser?.close();
});

/** A handler that answers messages with this, and lets every client in. */
function toMessages(answer: (hook: ReceivedHook) => Answer): (hook: ReceivedHook) => Answer {
  return (hook) => (hook.fields['event'] === 'message' ? answer(hook) : 204);
}

/** What a page elsewhere tries, as a script: it loads what it can, and posts what needs no leave of the gateway. */
function attack(url: string, body: string): string {
  const at = (path: string): string => JSON.stringify(`${url}/inspector${path}`);
  const read = `(path) => fetch(path, { credentials: 'include', mode: 'no-cors' }).then((r) => r.text(), () => '')`;
  const init = `{ method: 'POST', body: ${JSON.stringify(body)}, credentials: 'include', mode: 'no-cors' }`;
  const outcome = (made: string): string => `new Promise((done) => {
    const made = ${made};
    made.onload = made.onopen = () => done('loaded');
    made.onerror = () => done('error');
  })`;
  const script = `Object.assign(document.createElement('script'), { type: 'module', src: ${at('/page.js')} })`;
  return `(async () => ({
    script: await ${outcome(`document.head.appendChild(${script})`)},
    stream: await ${outcome(`new EventSource(${at('/events')}, { withCredentials: true })`)},
    frame: await new Promise((done) => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      frame.onload = () => { try { done(frame.contentDocument?.body.textContent ?? ''); } catch { done('read'); } };
      frame.src = ${at('')};
    }),
    texts: await Promise.all([${at('/hooks/1')}, ${at('/hooks/1/curl')}].map(${read})),
    posts: (await Promise.all([${['/send', '/broadcast', '/close', '/hooks/1/again'].map(at).join()}].map((path) =>
      fetch(path, ${init}).catch(() => undefined)))).length,
  }))()`;
}

/** A WebSocket URL with a ticket for this user. */
async function urlFor(path: string, user: string): Promise<string> {
  const { json } = await world.api.call('POST', '/urls', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ path, user }),
  });
  return String(json['url']);
}

test('a socket shows up with its handshake, its message and the answer, and its close', async () => {
  world.app.on(
    '/chat',
    toMessages(() => actions({ reply: 'welcome' })),
  );
  const inspected = await Inspected.open(context, world);
  const client = await connect(await urlFor('/chat', 'alice'));
  await inspected.sockets('/chat', 'alice').waitFor();
  await inspected.hooks('handshake', 'accepted 204', '/chat', 'alice').waitFor();

  client.send('hello there');
  expect(await client.next()).toBe('welcome');
  await inspected.openHook('message', 'accepted 200');
  expect(await inspected.request.textContent()).toMatch(/^POST http.*\/websocket\/message\/chat\n/);
  expect(await inspected.request.textContent()).toMatch(/\nwebhook-signature: v1,/);
  expect(await inspected.request.textContent()).toContain('body=hello+there');
  expect(await inspected.answer.textContent()).toMatch(
    /^200\nContent-Type: application\/vnd.sockethook\+json/,
  );
  expect(await inspected.answer.textContent()).toContain('{"reply":"welcome"}');
  expect(await inspected.details.locator('dd', { hasText: 'hello there' }).count()).toBe(1);

  await client.close(4001, 'lunch');
  await inspected.sockets('/chat', 'closed', '4001 lunch').waitFor();
  await inspected.openHook('closed', 'accepted 204');
  expect(await inspected.request.textContent()).toContain('code=4001&reason=lunch');
  await inspected.sockets('/chat').waitFor({ state: 'detached' });
  expect(inspected.complaints).toEqual([]);
});

test('a failure is red, says its reason in words, and each attempt at the hook can be opened', async () => {
  let attempts = 0;
  world.app.on(
    '/pay',
    toMessages(() => (++attempts < 3 ? 500 : 204)),
  );
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/pay`);
  client.send('10 euros');
  const failed = inspected.hooks('message', 'failed 500', 'attempt 2');
  await failed.waitFor();
  const reason = failed.locator('.why');
  expect(await reason.textContent()).toContain('500');
  for (const part of ['.outcome', '.why']) {
    const color = await inspected.page.evaluate(`inPage.colorOf('.hook[data-outcome="failed"] ${part}')`);
    expect([part, color]).toEqual([part, 'rgb(176, 31, 20)']);
  }

  await inspected.hooks('accepted 204', 'attempt 3').waitFor();
  await inspected.openHook('failed 500', 'attempt 2');
  const list = inspected.details.getByRole('list');
  expect(
    (await list.getByRole('button').allTextContents()).map((text) => text.replace(/ at .*/, '')),
  ).toEqual(['attempt 1: failed 500', 'attempt 2: failed 500', 'attempt 3: accepted 204']);
  await list.getByRole('button', { name: 'attempt 3' }).click();
  await inspected.details.locator('.outcome', { hasText: 'accepted 204' }).waitFor();
  await inspected.page.getByLabel('Failures only').check();
  await inspected.hooks('accepted').first().waitFor({ state: 'detached' });
  expect(await inspected.hooks().count()).toBe(2);
});

test('"Send again" reaches the app under a new id, shows its answer, and runs none of its actions', async () => {
  world.app.on(
    '/chat',
    toMessages(() => actions({ reply: 'once <b>only</b>' })),
  );
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/chat`);
  client.send('hello');
  expect(await client.next()).toBe('once <b>only</b>');
  await inspected.openHook('message', 'accepted 200');
  await inspected.page.getByRole('button', { name: 'Send again' }).click();
  const result = inspected.details.getByRole('status');
  await result.filter({ hasText: /Your app answered 200 in .*None of its actions run\./ }).waitFor();
  await inspected.details.getByText('{"reply":"once <b>only</b>"}').first().waitFor();

  const messages = world.app.of('/chat', 'message');
  expect(messages.map(({ fields }) => fields['body'])).toEqual(['hello', 'hello']);
  expect(new Set(messages.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  await inspected.hooks('message', 'sent again').waitFor();
  await world.api.send([String(messages[0]?.fields['from'])], 'marker');
  expect(await client.next(), 'a reply would have come before this').toBe('marker');
  expect(inspected.complaints).toEqual([]);
});

test('the command of "Copy as curl" runs in a shell, and the app accepts its signature', async () => {
  await world.stop();
  // As JSON, a body has quotes of every kind.
  world = await startLocal({ INSPECTOR: 'true', WEBHOOK_FORMAT: 'json' });
  const webhook = new Webhook(testSecrets.webhookSecrets[0] ?? '');
  const seen: ReceivedHook[] = [];
  world.app.on('/chat', (hook) => {
    if (hook.fields['event'] !== 'message') return 204;
    webhook.verify(hook.raw, hook.headers as Record<string, string>, { jsonParse: false } as never);
    seen.push(hook);
    return { body: 'verified' };
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/chat`);
  const text = `it's "quoted" $HOME \`id\` \\ ünï & 100% ${markup}\nline`;
  client.send(text);
  await inspected.openHook('message', 'accepted 200');
  await inspected.page.getByRole('button', { name: 'Copy as curl' }).click();
  await inspected.details.getByRole('status').filter({ hasText: 'Copied.' }).waitFor();
  const command = await inspected.page.evaluate<string>('navigator.clipboard.readText()');
  const { stdout } = await run('/bin/sh', ['-c', command]);
  expect(stdout).toContain('verified');
  expect(seen.map(({ fields }) => fields['body'])).toEqual([text, text]);
  expect(seen[1]?.headers['webhook-id']).not.toBe(seen[0]?.headers['webhook-id']);
});

test('a script in a message, path, user, Origin, close reason or answer shows as the text that it is', async () => {
  const path = '/%3Cscript%3Ewindow.hit=1%3C/script%3E';
  world.app.on(
    path,
    toMessages(() => ({ headers: { 'Content-Type': 'text/html' }, body: markup })),
  );
  const inspected = await Inspected.open(context, world);
  const client = await connect(await urlFor(path, markup), { origin: `https://${markup}` });
  await inspected.sockets(markup).waitFor();
  client.send(markup);
  await inspected.openHook('message', 'accepted 200', path, markup);
  const fields = inspected.details.locator('dl').last();
  expect(await fields.locator('dd').allTextContents()).toEqual(
    expect.arrayContaining([markup, path, `https://${markup}`]),
  );
  expect(await inspected.answer.textContent()).toContain(markup);
  await inspected.page.getByRole('button', { name: 'Send again' }).click();
  await inspected.details.locator('#details-answer').getByText(markup).waitFor();
  await client.close(1000, markup.slice(0, 30));
  await inspected.sockets(markup, markup.slice(0, 30)).waitFor();
  expect(await inspected.page.locator('body script, img').count()).toBe(0);
  expect(await inspected.page.evaluate('"hit" in window')).toBe(false);
  expect(inspected.complaints).toEqual([]);
});

test('the forms send to a socket, broadcast to those that match, and close with a code and a reason', async () => {
  const inspected = await Inspected.open(context, world);
  const { page } = inspected;
  const alice = await connect(await urlFor('/room/1', 'alice'));
  const bob = await connect(await urlFor('/room/2', 'bob'));
  const result = page.locator('#calls-result');
  const message = page.locator('form:visible').getByLabel('Message');

  await inspected.sockets('alice').click();
  await message.fill('for alice');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await result.filter({ hasText: 'Delivered.' }).waitFor();
  expect(await alice.next()).toBe('for alice');
  await inspected.hooks('bob').first().waitFor({ state: 'detached' });

  await page.getByText('Broadcast', { exact: true }).first().click();
  await message.fill('for all');
  await page.getByRole('button', { name: 'Broadcast' }).click();
  await result.filter({ hasText: 'Delivered to 2 sockets.' }).waitFor();
  await page.getByLabel('Path', { exact: true }).fill('/room/2');
  await message.fill('for room 2');
  await message.press('Control+Enter');
  await result.filter({ hasText: 'Delivered to 1 socket.' }).waitFor();
  expect(await alice.next()).toBe('for all');
  expect(await bob.take(2)).toEqual(['for all', 'for room 2']);

  await page.getByText('Close', { exact: true }).first().click();
  await page.getByLabel('Code').fill('99');
  await page.getByRole('button', { name: 'Close the socket' }).click();
  await result.filter({ hasText: 'code' }).waitFor();
  expect(await result.getAttribute('data-bad')).toBe('true');
  await page.getByLabel('Code').fill('4000');
  await page.getByLabel('Reason').fill('enough');
  await page.getByRole('button', { name: 'Close the socket' }).click();
  expect(await alice.closed).toEqual({ code: 4000, reason: 'enough' });
  await bob.close();
});

test('a paused list stays as it is, counts what comes, and shows it when it goes on', async () => {
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/chat`);
  await inspected.hooks('handshake', 'accepted').waitFor();
  await inspected.page.getByRole('button', { name: 'Pause' }).click();
  client.send('one');
  client.send('two');
  await inspected.page.getByRole('button', { name: 'Resume (2 new)' }).waitFor();
  expect(await inspected.hooks().count()).toBe(1);
  await inspected.page.getByRole('button', { name: 'Resume (2 new)' }).click();
  await inspected.hooks('message').nth(1).waitFor();
  await inspected.page.getByLabel('Only this event').selectOption('handshake');
  await inspected.hooks('message').first().waitFor({ state: 'detached' });
  expect(await inspected.hooks('handshake').count()).toBe(1);
  await client.close();
});

test('the list shows the newest 500 hooks, and after a flood the page says how many it left out', async () => {
  const inspected = await Inspected.open(context, world);
  const clients = await Promise.all(
    Array.from({ length: 10 }, (_, at) => connect(`${world.url}/load/${at}`)),
  );
  const last = new URL('/inspector/hooks/601', inspected.page.url()).href;
  const isKept = async () => (await inspected.page.request.get(last)).ok();
  for (let sent = 0; sent < 1_000 || !(await isKept()); sent += 100) {
    for (let at = 0; at < 100; at += 1) clients[at % 10]?.send(`message ${sent + at}`);
    await eventually('the messages arrive', () => world.app.hooks.length >= sent + 100);
  }
  const left = inspected.page.locator('#skipped').filter({ hasText: /[1-9][\d,]* are left out/ });
  for (let floods = 1; !(await left.isVisible()); floods += 1) {
    const before = world.app.hooks.length;
    for (let at = 0; at < 1_000; at += 1) clients[at % 10]?.send(`flood ${floods}`);
    await eventually('the flood arrives', () => world.app.hooks.length >= before + 1_000);
  }
  await eventually('the list is full', async () => (await inspected.hooks().count()) === 500);
  await inspected.page.evaluate("document.querySelector('#hooks-scroll').scrollTo(0, 5000)");
  const top = async (part: string) => (await inspected.page.locator(part).boundingBox())?.y ?? Number.NaN;
  expect(await top('.head'), 'the heads of the columns stay').toBeCloseTo((await top('#hooks-scroll')) + 1);
  for (const client of clients) await client.close();
  await inspected.page.getByText('No socket is open.').waitFor();
  expect(await inspected.hooks().count()).toBe(500);
  expect(inspected.complaints).toEqual([]);
});

test('after a restart the page says what to do, and goes on once the new URL is opened', async () => {
  await world.stop();
  const PORT = String(await freePort());
  world = await startLocal({ INSPECTOR: 'true', PORT });
  const inspected = await Inspected.open(context, world);
  const client = await connect(`${world.url}/before`);
  await inspected.hooks('/before').waitFor();
  await world.stop();
  await client.closed;
  await inspected.says('The gateway does not answer. This page tries again by itself.');
  world = await startLocal({ INSPECTOR: 'true', PORT });
  await inspected.says('Open the URL that the gateway has printed');

  const second = await Inspected.open(context, world);
  await second.page.close();
  await inspected.says('Connected');
  await inspected.page
    .getByText(/^The gateway was started again at/)
    .first()
    .waitFor();
  await inspected.hooks('/before').waitFor({ state: 'detached' });
  const next = await connect(`${world.url}/after`);
  await inspected.hooks('/after').waitFor();
  await next.close();
});

test('without its token, and from a page of another origin, nobody sees or does anything', async () => {
  const client = await connect(`${world.url}/chat`);
  const page = await context.newPage();
  const bare = await page.goto(`${world.gateway.apiUrl}/inspector`);
  expect(bare?.status()).toBe(403);
  expect(await page.locator('#hooks').count()).toBe(0);
  expect(await page.locator('body').textContent()).toContain('Open the inspector by the URL');

  const inspected = await Inspected.open(context, world);
  await inspected.hooks('/chat').waitFor();
  const other = createServer((_, response) =>
    response.setHeader('Content-Type', 'text/html').end('<p>other'),
  );
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  // A different port of the same host: the same site, so that the browser sends the cookie along.
  await page.goto(`http://localhost:${(other.address() as AddressInfo).port}`);
  const socket = String(world.app.of('/chat')[0]?.fields['from']);
  const seen = await page.evaluate(attack(world.gateway.apiUrl, JSON.stringify({ socket, body: 'forged' })));
  expect(seen).toEqual({ script: 'error', stream: 'error', frame: '', texts: ['', ''], posts: 4 });
  await world.api.send([socket], 'marker');
  expect(await client.next(), 'nothing forged came before it').toBe('marker');
  expect(world.app.of('/chat').length).toBe(1);
  other.close();
  await client.close();
});

test('the printed URL opens the page from a link on another site, and the URL without its token does not', async () => {
  const url = printedUrl(world.gateway);
  const [bare] = url.split('?');
  const other = createServer((_, response) =>
    response
      .setHeader('Content-Type', 'text/html')
      .end(`<a href="${url}">printed</a> <a href="${bare}">bare</a>`),
  );
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  // Another host, which is another site, so that the browser sends no strict cookie along.
  const site = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const page = await context.newPage();
  await page.goto(site);
  await page.getByText('printed').click();
  await page.locator('#connection').filter({ hasText: 'Connected' }).waitFor();
  expect(page.url(), 'without the token').toBe(bare);
  await page.goto(site);
  await page.getByText('bare').click();
  await page.getByText('Open the inspector by the URL').waitFor();
  await page.goto(url);
  await page.locator('#connection').filter({ hasText: 'Connected' }).waitFor();
  other.close();
});

test('the cookie of the page is out of reach for scripts, and the address bar has no token', async () => {
  const { page } = await Inspected.open(context, world);
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(page.url()).toBe(`${world.gateway.apiUrl}/inspector`);
  const [cookie] = await context.cookies(printedUrl(world.gateway));
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/inspector' });
});
