import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { curlCommand } from '../../functions/local/inspector/curl.ts';
import { HookLog } from '../../functions/local/inspector/hook-log.ts';
import { parseSigningKey, verify } from '../../functions/wire/signature.ts';
import { connect, refused } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { eventually } from '../support/eventually.ts';
import { InspectorPage, type PageEvents } from '../support/inspector-page.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';

interface SentAgain {
  readonly number: number;
  readonly status: number | null;
  readonly ms: number | null;
  readonly body: string;
  readonly why: string | null;
}

let world: LocalWorld | undefined;
let page: InspectorPage | undefined;
afterEach(async () => {
  page?.close();
  await world?.stop();
});

async function start(
  environment: Readonly<Record<string, string>> = {},
): Promise<{ world: LocalWorld; page: InspectorPage; events: PageEvents }> {
  world = await startLocal({ INSPECTOR: 'true', ...environment });
  page = await InspectorPage.open(world.gateway);
  return { world, page, events: await page.events() };
}

/** What the app got of a hook, as the page shows it. Names in lower case, since Node.js may write them so. */
function received({ method, rawHeaders, raw }: ReceivedHook) {
  const headers: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.push([rawHeaders[at]?.toLowerCase() ?? '', rawHeaders[at + 1] ?? '']);
  return { method, headers, body: raw };
}

function isVerified({ headers, raw }: ReceivedHook): boolean {
  const text = (name: string): string => String(headers[name] ?? '');
  const keys = testSecrets.webhookSecrets.map((secret) => {
    const key = parseSigningKey(secret);
    if (!key.ok) throw new Error(key.error);
    return key.value;
  });
  const [id, timestamp] = [text('webhook-id'), text('webhook-timestamp')];
  return verify({ id, timestamp, signature: text('webhook-signature'), body: raw }, keys, Date.now()).ok;
}

test('a hook is shown as the app got it, with its answer', async () => {
  const { world, page, events } = await start();
  world.app.on('/room', ({ fields }) =>
    fields['event'] === 'handshake'
      ? { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'Hello <script>' }
      : actions({ reply: 'hi' }),
  );
  const cookie = 'session=secret';
  const client = await connect(`${world.url}/room?x=1`, { headers: { Cookie: cookie } });
  client.send('hello');
  expect(await client.next()).toBe('hi');
  for (const [event, status, body] of [
    ['handshake', 200, 'Hello <script>'],
    ['message', 200, '{"reply":"hi"}'],
  ] as const) {
    const shown = await events.hook(event, (hook) => hook.event === event && hook.outcome === 'accepted');
    const hook = await page.hook(shown.number);
    const got = await world.app.hook('/room', event);
    const names = hook.request.headers.map(([name, value]) => [name.toLowerCase(), value]);
    expect({ method: hook.request.method, headers: names, body: hook.request.body }).toEqual(received(got));
    expect(hook.request.url).toBe(`${world.app.address}${got.url}`);
    expect(hook.answer).toMatchObject({ status, body });
    expect(hook.cut).toBe(false);
    expect(hook).toMatchObject({
      event,
      id: got.headers['webhook-id'],
      socket: got.fields['from'],
      path: '/room',
      user: '',
      group: '',
      attempt: 1,
      status,
      why: null,
      requestBytes: Buffer.byteLength(got.raw),
      answerBytes: Buffer.byteLength(body),
      again: false,
    });
    expect(hook.ms).toBeGreaterThanOrEqual(0);
  }
  const handshake = await page.hook(1);
  expect(handshake.request.headers).toContainEqual(['Cookie', cookie]);
  expect(handshake.answer?.headers).toEqual([['Content-Type', 'text/plain']]);
  expect(JSON.stringify(world.log.lines), 'cookies are shown, not logged').not.toContain('session=secret');
});

test('a hook that waits for its answer is shown as such', async () => {
  const { world, events } = await start();
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 'hang' : 204));
  const client = await connect(`${world.url}/room`);
  client.send('hello');
  const hook = await events.hook('a waiting message', ({ event }) => event === 'message');
  expect(hook).toMatchObject({ outcome: 'waiting', ms: null, status: null, why: null });
});

test('each attempt of a hook is shown, with its number and why it failed', async () => {
  const { world, page, events } = await start({ MESSAGE_FAILURE: 'drop' });
  let failures = 2;
  world.app.on('/room', ({ fields }) =>
    fields['event'] === 'message' && failures-- > 0 ? { status: 500, body: 'Stack trace' } : 204,
  );
  const client = await connect(`${world.url}/room`);
  client.send('hello');
  await events.hook('the third attempt', (hook) => hook.attempt === 3 && hook.outcome === 'accepted');
  const attempts = [...events.hooks.values()].filter(({ event }) => event === 'message');
  expect(attempts.map(({ attempt, outcome, status, why }) => [attempt, outcome, status, why])).toEqual([
    [1, 'failed', 500, 'the app answered 500'],
    [2, 'failed', 500, 'the app answered 500'],
    [3, 'accepted', 204, null],
  ]);
  expect(new Set(attempts.map(({ id }) => id)).size, 'one id').toBe(1);
  expect((await page.hook(attempts[0]?.number ?? 0)).answer?.body).toBe('Stack trace');
});

test('a refused handshake, a forbidden action and an app that is away each say why', async () => {
  const { world, events } = await start({ HOOK_TIMEOUT_MS: '1500', MESSAGE_FAILURE: 'drop' });
  world.app.on('/closed', () => 403);
  world.app.on('/wrong', ({ fields }) => (fields['event'] === 'message' ? actions({ nothing: 1 }) : 204));
  world.app.on('/slow', () => 'hang');
  await refused(`${world.url}/closed`);
  const client = await connect(`${world.url}/wrong`);
  client.send('hello');
  await refused(`${world.url}/slow`);
  const of = (path: string, outcome: string) =>
    events.hook(path, (hook) => hook.path === path && hook.outcome === outcome);
  expect(await of('/closed', 'refused')).toMatchObject({ status: 403, why: 'the app answered 403' });
  expect((await of('/wrong', 'failed')).why).toContain('nothing');
  expect(await of('/slow', 'failed')).toMatchObject({ status: null, why: 'the app did not answer in time' });
});

test('a hook that the circuit breaker holds is shown as held, and can be sent with all its headers', async () => {
  const { world, page, events } = await start({ MESSAGE_FAILURE: 'drop' });
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 503 : 204));
  const clients = await Promise.all(Array.from({ length: 25 }, () => connect(`${world.url}/room`)));
  for (const client of clients) client.send('hello');
  await eventually('the breaker is open', () => world.log.of('breaker_opened').length > 0);
  for (const client of clients) client.send('held');
  const held = await events.hook('a held hook', ({ outcome }) => outcome === 'held');
  expect(held).toMatchObject({ event: 'message', status: null, why: 'the app is away' });
  const { headers } = (await page.hook(held.number)).request;
  expect(
    headers.filter(([name]) => name.startsWith('webhook-')),
    'it is not signed yet',
  ).toEqual([]);
  world.app.on('/room', () => 204);
  await page.post(`/inspector/hooks/${held.number}/again`);
  const last = world.app.of('/room', 'message').at(-1);
  if (last === undefined) throw new Error('It was not sent.');
  const again = received(last);
  const sent = again.headers.filter(([name]) => !name.startsWith('webhook-'));
  expect(headers.map(([name, value]) => [name.toLowerCase(), value])).toEqual(sent);
  expect(sent).toContainEqual(['accept-encoding', 'identity']);
});

test('a socket is shown as it comes, joins a group and goes', async () => {
  const { world, events } = await start();
  world.app.on('/room', ({ fields }) =>
    fields['event'] === 'handshake'
      ? actions({ user: 'alice' })
      : fields['event'] === 'message'
        ? actions({ join: ['room:1'] })
        : 204,
  );
  const client = await connect(`${world.url}/room`);
  const [only] = await shown(events, ({ status }) => status === 'open');
  expect(only).toMatchObject({ path: '/room', user: 'alice', groups: [], status: 'open' });
  expect(Math.abs((only?.since ?? 0) - Date.now())).toBeLessThan(60_000);
  client.send('join');
  await shown(events, ({ groups }) => groups.includes('room:1'));
  await client.close(4_000, 'bye');
  await eventually('it is gone', () => events.sockets.size === 0);
  expect(events.ended).toEqual([{ socket: only?.socket, code: 4_000, reason: 'bye' }]);
  expect(events.snapshots, 'all by changes').toBe(1);
});

async function shown(
  events: PageEvents,
  isIt: (socket: { readonly status: string; readonly groups: readonly string[] }) => boolean,
) {
  await eventually('a socket', () => [...events.sockets.values()].some(isIt));
  return [...events.sockets.values()];
}

test('the page is told of the gateway, and of how much is kept', async () => {
  const { world, events } = await start();
  const { webSocketUrl, apiUrl } = world.gateway;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const webhookBaseUrl = world.app.baseUrl;
  const startedAt = expect.any(Number);
  expect(events.facts).toEqual({
    gateway: { webSocketUrl, apiUrl, webhookBaseUrl, version, startedAt },
    kept: { hooks: 1_000, bytes: 16_777_216 },
  });
});

test('a page that opens late gets all that is there', async () => {
  const { world, page } = await start();
  await connect(`${world.url}/room`);
  const late = await page.events();
  await eventually('the socket', () => late.sockets.size === 1);
  expect([...late.hooks.values()].map(({ event }) => event)).toEqual(['handshake']);
});

test('a hook that is sent again is a new one, and what its answer asks for is not done', async () => {
  const { world, page, events } = await start();
  world.app.on('/room', ({ fields }) =>
    fields['event'] === 'message' ? actions({ reply: 'once', close: true, state: 'x' }) : 204,
  );
  world.app.on('/other', () => 204);
  const other = await connect(`${world.url}/other`);
  const client = await connect(`${world.url}/room`);
  client.send('hello');
  expect(await client.next()).toBe('once');
  await client.closed;
  world.app.on('/room', () =>
    actions({
      broadcast: [{ body: 'never' }],
      send: [{ sockets: [...events.sockets.keys()], body: 'never' }],
    }),
  );
  const before = await events.hook(
    'the message',
    (hook) => hook.event === 'message' && hook.outcome === 'accepted',
  );
  const sent = await page.post<SentAgain>(`/inspector/hooks/${before.number}/again`);
  expect(sent).toMatchObject({ status: 200, why: null });
  expect(JSON.parse(sent.body).broadcast).toEqual([{ body: 'never' }]);
  const [first, second] = world.app.of('/room', 'message');
  expect(second?.raw, 'the same body').toBe(first?.raw);
  expect(second?.headers['webhook-id']).toMatch(/^message_/);
  expect(second?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
  expect(second !== undefined && isVerified(second)).toBe(true);
  const shownAgain = await events.hook('it is shown', ({ number }) => number === sent.number);
  expect(shownAgain).toMatchObject({ event: 'message', attempt: 1, again: true });
  await page.post('/inspector/broadcast', { body: 'after' });
  expect(await other.next(), 'no action before this').toBe('after');
});

test('a hook that is sent again shows its whole answer, also when that is no document of ours', async () => {
  const { world, page, events } = await start();
  world.app.on('/room', () => ({ status: 500, body: 'e'.repeat(100_000) }));
  await refused(`${world.url}/room`);
  const hook = await events.hook('the handshake', ({ outcome }) => outcome === 'failed');
  const sent = await page.post<SentAgain>(`/inspector/hooks/${hook.number}/again`);
  expect(sent).toMatchObject({ status: 500, why: 'the app answered 500' });
  expect(sent.body, 'as far as it is kept').toBe('e'.repeat(65_536));
  expect(await page.hook(sent.number)).toMatchObject({ cut: true, answerBytes: 100_000 });
});

test('eight hooks may be on their way that were sent again, and one more has to wait', async () => {
  const { world, page, events } = await start({ HOOK_TIMEOUT_MS: '20000' });
  await connect(`${world.url}/room`);
  const { number } = await events.hook('the handshake', ({ outcome }) => outcome === 'accepted');
  let answer = (): void => {};
  const answered = new Promise<number>((resolve) => {
    answer = () => resolve(204);
  });
  world.app.on('/room', () => answered);
  const again = () => page.ask(`/inspector/hooks/${number}/again`, { method: 'POST' });
  const sent = Array.from({ length: 8 }, again);
  await eventually('all are on their way', () => world.app.of('/room', 'handshake').length === 9);
  expect((await again()).status, 'the ninth').toBe(503);
  answer();
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect((await again()).status, 'after those').toBe(200);
});

test.for(['form', 'json'])(
  'a copied line of curl runs in a shell, and the app verifies it, in the format %s',
  async (format) => {
    const { world, page, events } = await start({ WEBHOOK_FORMAT: format });
    const client = await connect(`${world.url}/room?q=[a]{b}&x='$HOME'`);
    const bodies = [
      `it's "quoted" \\ $HOME \`id\` $(id) !! %s \\n`,
      'lines\nand\r\n\ttabs\u0001\u007f',
      '@/etc/passwd',
      '日本語 🐝 é \u2028',
      "'''",
      '',
    ];
    for (const body of bodies) client.send(body);
    const run = promisify(execFile);
    for (const [at, body] of bodies.entries()) {
      const hook = await events.hook(
        body,
        ({ number, outcome }) => number === at + 2 && outcome === 'accepted',
      );
      const { body: command, headers } = await page.ask(`/inspector/hooks/${hook.number}/curl`);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      const { stdout } = await run('sh', ['-c', command]);
      expect(stdout).toMatch(/^HTTP\/1.1 204/);
      const [first, second] = world.app.hooks.filter(
        ({ fields }) => fields['event'] === 'message' && fields['body'] === body,
      );
      expect([second?.raw, second?.url], body).toEqual([first?.raw, first?.url]);
      expect(second?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
      expect(second !== undefined && isVerified(second), body).toBe(true);
    }
  },
);

test('the forms send, broadcast and close, and answer as the HTTP API does', async () => {
  const { world, page } = await start();
  const one = await connect(`${world.url}/one`);
  const two = await connect(`${world.url}/two`);
  const { fields } = await world.app.hook('/one', 'handshake');
  const socket = fields['from'];
  expect(await page.post('/inspector/send', { socket, body: 'hi' })).toEqual({
    status: 200,
    document: { delivered: 1, queued: 0, gone: [], failed: [] },
  });
  expect(await one.next()).toBe('hi');
  expect(await page.post('/inspector/broadcast', { body: 'all', path: '/two' })).toEqual({
    status: 200,
    document: { delivered: 1, queued: 0, gone: 0, failed: 0 },
  });
  expect(await two.next()).toBe('all');
  expect(await page.post('/inspector/close', { socket, code: 4_001, reason: 'enough' })).toEqual({
    status: 204,
    document: null,
  });
  expect(await one.closed).toEqual({ code: 4_001, reason: 'enough' });
  const closed = await world.app.hook('/one', 'closed');
  expect([closed.fields['code'], closed.fields['reason']]).toEqual(['4001', 'enough']);
  expect(await page.post('/inspector/close', { socket })).toMatchObject({
    status: 404,
    document: { code: 'unknown_socket' },
  });
});

test('what a form may not say is a problem that names the field, at its limit', async () => {
  const { world, page } = await start();
  await connect(`${world.url}/one`);
  const { fields } = await world.app.hook('/one', 'handshake');
  const socket = fields['from'];
  const statusOf = async (call: string, document: unknown) => {
    const answer = await page.post<{ status: number; document: { field?: string; code?: string } | null }>(
      `/inspector/${call}`,
      document,
    );
    return [answer.status, answer.document?.field ?? answer.document?.code];
  };
  expect(await statusOf('send', { socket, body: 'x'.repeat(131_072) })).toEqual([200, undefined]);
  expect(await statusOf('send', { socket, body: 'x'.repeat(131_073) })).toEqual([413, 'body']);
  expect(await statusOf('send', { socket: 5, body: 'x' })).toEqual([400, 'socket']);
  expect(await statusOf('broadcast', { body: 'x', nothing: 1 })).toEqual([400, 'nothing']);
  expect(await statusOf('broadcast', { body: 'x'.repeat(1_100_000) })).toEqual([413, 'body_too_large']);
  for (const code of [999, 1_001, 1_006, 2_999, 5_000, 3_000.5, '1000'])
    expect([code, ...(await statusOf('close', { socket, code }))]).toEqual([code, 400, 'code']);
  expect(await statusOf('close', { socket, code: 1_000, reason: 'é'.repeat(62) })).toEqual([400, 'reason']);
  expect(await statusOf('close', { socket, code: 4_999, reason: `${'é'.repeat(61)}x` })).toEqual([
    204,
    undefined,
  ]);
  const form = { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{"body":"x"}' };
  expect((await page.json<{ status: number }>('/inspector/broadcast', form)).status).toBe(415);
  expect((await page.ask('/inspector/nothing', { method: 'POST', body: '{}' })).status).toBe(404);
});

test('a header beyond ASCII is copied as the bytes that the client sent', () => {
  const log = new HookLog({ changed() {}, dropped() {} });
  const about = {
    event: 'handshake',
    id: 'handshake_1',
    socket: 's',
    path: '/',
    user: '',
    group: '',
  } as const;
  const hook = log.begin({
    ...{ ...about, attempt: 1, startedAt: 0, again: false, url: 'http://app/', body: '' },
    headers: [],
  });
  const bytes = Buffer.from('name=é').toString('latin1');
  expect(curlCommand(hook, [['Cookie', bytes]])).toContain(`-H 'Cookie: name=é'`);
  expect(curlCommand(hook, [['Cookie', 'name=\xe9']]), 'what is not UTF-8').toContain(`-H 'Cookie: name=é'`);
});
