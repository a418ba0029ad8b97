import { once } from 'node:events';
import { type Socket, connect as tcp } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { HookCounts, hookBuckets } from '../../functions/local/metrics/hook-counts.ts';
import { connect, refused } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { InspectorPage } from '../support/inspector-page.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { upgradeRequest } from '../support/raw.ts';
import type { Answer } from '../support/recording-app.ts';
import { Scrape } from '../support/scrape.ts';

let world: LocalWorld;
afterEach(() => world?.stop());

/** Waits until a series has a value, and gives the scrape that has it. */
async function moved(series: string, isIt: (value: number) => boolean): Promise<Scrape> {
  let scrape = await Scrape.of(world);
  await eventually(`${series}, at last ${scrape.value(series)}`, async () => {
    scrape = await Scrape.of(world);
    return isIt(scrape.value(series));
  });
  return scrape;
}

describe('who may read the metrics', () => {
  test('is who has an API key', async () => {
    world = await startLocal();
    const url = `${world.api.url}/metrics`;
    expect((await fetch(url)).status, 'without a key').toBe(401);
    expect((await fetch(url, { headers: { Authorization: 'Bearer wrong' } })).status, 'wrong key').toBe(401);
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${world.api.key}` } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('is everybody with METRICS=public', async () => {
    world = await startLocal({ METRICS: 'public' });
    expect((await fetch(`${world.api.url}/metrics`)).status).toBe(200);
    const posted = await fetch(`${world.api.url}/metrics`, { method: 'POST' });
    expect(posted.status, 'a POST').toBe(405);
    expect(posted.headers.get('allow')).toBe('GET, HEAD');
    const head = await fetch(`${world.api.url}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()], 'a HEAD').toEqual([200, '']);
  });

  test('makes the gateway read them once a second at most, if it is everybody', async () => {
    world = await startLocal({ METRICS: 'public' });
    const scrape = async () => new Scrape(await (await fetch(`${world.api.url}/metrics`)).text());
    const texts = new Set<string>();
    const begun = performance.now();
    await eventually('a new text', async () => texts.add((await scrape()).text).size === 2);
    expect(performance.now() - begun, 'ms until then').toBeGreaterThan(900);
  });
});

test('sockets, connects, messages and their bytes are counted', async () => {
  world = await startLocal();
  world.app.on('/no', () => 403);
  world.app.on('/hang', () => 'hang');
  const client = await connect(`${world.url}/yes`);
  const other = await connect(`${world.url}/yes`);
  await refused(`${world.url}/no`);
  await refused(`${world.url}/a?path=/b`);
  client.send('héllo');
  client.send('{"sockethook":"ping"}');
  expect(await client.next()).toBe('{"sockethook":"pong"}');
  const lengths = [3, 125, 126, 65_535, 65_536];
  for (const length of lengths) await world.api.broadcast({ body: 'x'.repeat(length) });
  await client.take(lengths.length);
  await other.take(lengths.length);
  const scrape = await moved('hooks_total{event="message",outcome="2xx"}', (value) => value === 1);
  expect(scrape.value('sockets_open')).toBe(2);
  expect(scrape.value('connects_total{outcome="accepted"}')).toBe(2);
  expect(scrape.value('connects_total{outcome="refused_by_app"}')).toBe(1);
  expect(scrape.value('connects_total{outcome="invalid_path"}')).toBe(1);
  expect(scrape.value('messages_received_total'), 'a ping is no message').toBe(1);
  expect(scrape.value('received_bytes_total')).toBe(6);
  expect(scrape.value('messages_sent_total'), 'nor is a pong').toBe(10);
  expect(scrape.value('sent_bytes_total')).toBe(2 * (3 + 125 + 126 + 65_535 + 65_536));
  await other.close();
  expect(
    (await moved('sockets_open', (value) => value === 1)).value('connects_total{outcome="accepted"}'),
  ).toBe(2);
});

test('a client that leaves while the app decides has abandoned its connect', async () => {
  world = await startLocal();
  let leaving: Socket | undefined;
  world.app.on('/room', async () => {
    leaving?.destroy();
    // The gateway may not know yet that it is gone. Then the next one will do.
    await new Promise((resolve) => setImmediate(resolve));
    return 204;
  });
  await eventually('an abandoned connect', async () => {
    const socket = tcp(world.gateway.port, '127.0.0.1', () => socket.write(upgradeRequest('/room')));
    socket.on('error', () => undefined);
    leaving = socket;
    await once(socket, 'close');
    return (await Scrape.of(world)).value('connects_total{outcome="abandoned"}') > 0;
  });
});

test.for<[outcome: string, answer: Answer | 'cut']>([
  ['2xx', 204],
  ['3xx', 302],
  ['4xx', 404],
  ['4xx', 499],
  ['5xx', 500],
  ['timeout', 'hang'],
  ['broken', 'cut'],
])('a hook whose outcome is %s is counted and timed (%s)', async ([outcome, answer]) => {
  world = await startLocal({ HOOK_TIMEOUT_MS: '1000', MESSAGE_RETRY_MINUTES: '1' });
  world.app.on('/room', ({ fields }, response) => {
    if (fields['event'] !== 'message') return 204;
    if (answer !== 'cut') return answer;
    response.socket?.destroy();
    return 'hang';
  });
  const client = await connect(`${world.url}/room`);
  client.send('hello');
  const scrape = await moved(`hooks_total{event="message",outcome="${outcome}"}`, (value) => value >= 1);
  const count = scrape.value('hook_duration_seconds_count{event="message"}');
  expect(count).toBeGreaterThanOrEqual(1);
  const sum = scrape.value('hook_duration_seconds_sum{event="message"}');
  if (answer === 'hang') expect(sum, 'seconds').toBeGreaterThan(0.99);
  else expect(sum, 'seconds').toBeGreaterThan(0);
  expect(scrape.value('hook_duration_seconds_bucket{le="+Inf",event="message"}')).toBe(count);
  const soon = scrape.value('hook_duration_seconds_bucket{le="0.25",event="message"}');
  expect(soon, 'within 0.25 s').toBeLessThanOrEqual(answer === 'hang' ? 0 : count);
});

test('handshakes, closed hooks and hooks of presence are counted apart, and so is an app that is not there', async () => {
  world = await startLocal({ HOOKS: 'handshake,message,closed,joined,left', PRESENCE_GRACE_MS: '0' });
  const client = await connect(`${world.url}/room`);
  const { fields } = await world.app.hook('/room', 'handshake');
  await world.api.call('PUT', `/groups/g/sockets/${encodeURIComponent(fields['from'] ?? '')}`);
  await moved('hooks_total{event="joined",outcome="2xx"}', (value) => value === 1);
  await client.close();
  await moved('hooks_total{event="left",outcome="2xx"}', (value) => value === 1);
  await moved('hooks_total{event="closed",outcome="2xx"}', (value) => value === 1);
  await world.app.stop();
  await refused(`${world.url}/room`);
  const scrape = await Scrape.of(world);
  expect(scrape.value('hooks_total{event="handshake",outcome="2xx"}')).toBe(1);
  expect(scrape.value('hooks_total{event="handshake",outcome="unreachable"}')).toBe(1);
  expect(scrape.value('hook_duration_seconds_count{event="handshake"}')).toBe(2);
  await world.app.listen();
});

test('a hook that the inspector sends again is not counted, and its app is not said to be away', async () => {
  world = await startLocal({ INSPECTOR: 'true', HOOK_TIMEOUT_MS: '1000' });
  const page = await InspectorPage.open(world.gateway);
  await connect(`${world.url}/room`);
  const { number } = await (await page.events()).hook('the handshake', (hook) => hook.outcome === 'accepted');
  const again = () => page.post<{ readonly status: number | null }>(`/inspector/hooks/${number}/again`);
  const before = await Scrape.of(world);
  expect((await again()).status).toBe(204);
  world.app.on('/room', () => 503);
  expect((await again()).status).toBe(503);
  const after = await Scrape.of(world);
  page.close();
  expect(world.app.of('/room', 'handshake')).toHaveLength(3);
  const hooks = (scrape: Scrape) => scrape.text.split('\n').filter((line) => /^sockethook_hook/.test(line));
  expect(hooks(after)).toEqual(hooks(before));
  expect(after.value('hook_duration_seconds_count{event="handshake"}')).toBe(1);
  expect(world.log.of('app_silent')).toEqual([]);
});

test('messages that wait for their turn are counted, with the memory that they take', async () => {
  world = await startLocal();
  const waiting: (() => void)[] = [];
  world.app.on('/room', async ({ fields }) => {
    if (fields['event'] === 'message') await new Promise<void>((resolve) => waiting.push(resolve));
    return 204;
  });
  const client = await connect(`${world.url}/room`);
  for (const text of ['one', 'two', 'three']) client.send(text);
  const full = await moved('backlog_messages', (value) => value === 2);
  expect(full.value('backlog_bytes')).toBeGreaterThan(2 * 256);
  for (let done = 0; done < 3; done++) {
    await eventually('the next hook', () => waiting.length > done);
    waiting[done]?.();
  }
  const empty = await moved('backlog_bytes', (value) => value === 0);
  expect(empty.value('backlog_messages')).toBe(0);
});

test('hooks that wait to be tried again are counted until they are done', async () => {
  world = await startLocal();
  let status = 500;
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? status : 204));
  const client = await connect(`${world.url}/room`);
  client.send('one');
  client.send('two');
  const waits = await moved('retries_waiting', (value) => value === 2);
  expect(waits.value('retries_waiting_bytes')).toBeGreaterThan(0);
  expect(waits.value('retries_done_total')).toBe(0);
  status = 204;
  const done = await moved('retries_done_total', (value) => value === 2);
  expect(done.value('retries_waiting')).toBe(0);
  expect(done.value('retries_waiting_bytes')).toBe(0);
});

test('dead letters are counted, those that are kept and all that there were', async () => {
  world = await startLocal();
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
  const client = await connect(`${world.url}/room`);
  const before = await Scrape.of(world);
  expect(before.value('log_errors_total')).toBe(0);
  client.send('one');
  const kept = await moved('dead_letters_kept', (value) => value === 1);
  expect(kept.value('dead_letters_total')).toBe(1);
  expect(kept.value('log_errors_total'), 'hook_refused and hook_dead').toBe(2);
  const page = await world.api.call('GET', '/dead-letters');
  const [letter] = page.json['deadLetters'] as { deadLetter: string }[];
  const deleted = await world.api.call('DELETE', `/dead-letters/${letter?.deadLetter}`);
  expect(deleted.status).toBe(204);
  const after = await Scrape.of(world);
  expect(after.value('dead_letters_kept')).toBe(0);
  expect(after.value('dead_letters_total')).toBe(1);
  expect(after.value('lost_total')).toBe(0);
});

test('what is lost is counted: a message whose attempts have failed, and those that its client had sent behind it', async () => {
  world = await startLocal({ MESSAGE_FAILURE: 'close' });
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 500 : 204));
  const client = await connect(`${world.url}/room`);
  for (const text of ['one', 'two', 'three']) client.send(text);
  await client.closed;
  await moved('lost_total', (value) => value === 3);
});

test('the breaker is open while the app is away', async () => {
  world = await startLocal();
  let status = 204;
  world.app.on('/room', () => status);
  const clients = await Promise.all(Array.from({ length: 25 }, () => connect(`${world.url}/room`)));
  expect((await Scrape.of(world)).value('breaker_open')).toBe(0);
  status = 503;
  for (const client of clients) client.send('hello');
  await moved('breaker_open', (value) => value === 1);
  await eventually('a client is refused for that', async () => {
    // One whose handshake probes is refused for another reason.
    await refused(`${world.url}/room`);
    return (await Scrape.of(world)).value('connects_total{outcome="app_away"}') > 0;
  });
  status = 204;
  await moved('breaker_open', (value) => value === 0);
});

test('a busy event loop shows as its delay, until the next scrape', async () => {
  world = await startLocal();
  await Scrape.of(world);
  const until = performance.now() + 1_500;
  await eventually('some turns', () => performance.now() > until - 1_000);
  while (performance.now() < until);
  await eventually('another turn', () => performance.now() > until + 50);
  const busy = await Scrape.of(world);
  const worst = busy.value('event_loop_delay_seconds{quantile="1"}');
  expect(worst).toBeGreaterThan(0.5);
  expect(busy.value('event_loop_delay_seconds{quantile="0.5"}')).toBeLessThan(worst);
  expect(busy.value('event_loop_delay_seconds{quantile="0.99"}')).toBeLessThanOrEqual(worst);
  await moved('event_loop_delay_seconds{quantile="1"}', (value) => value < 0.5);
});

test('the process tells its CPU time, its memory and its start', async () => {
  world = await startLocal();
  const before = await Scrape.of(world);
  const kept: string[][] = [];
  const begun = process.cpuUsage();
  while (process.cpuUsage(begun).user < 50_000)
    kept.push(Array.from({ length: 1_000 }, (_, at) => `a text of some length, ${at}`));
  const after = await Scrape.of(world);
  expect(kept.length).toBeGreaterThan(0);
  const cpu = (scrape: Scrape): number => scrape.value('process_cpu_seconds_total');
  expect(cpu(after) - cpu(before)).toBeGreaterThanOrEqual(0.05);
  expect(after.value('process_heap_used_bytes')).not.toBe(before.value('process_heap_used_bytes'));
  expect(after.value('process_resident_memory_bytes')).toBeGreaterThan(
    after.value('process_heap_used_bytes'),
  );
  const startedAt = after.value('process_start_time_seconds');
  expect(Math.abs(Date.now() / 1_000 - process.uptime() - startedAt)).toBeLessThan(2);
  expect(startedAt, 'it stays the same').toBe(before.value('process_start_time_seconds'));
});

test('no metric tells a path, a user or a socket', async () => {
  world = await startLocal();
  const client = await connect(`${world.url}/secret-room`);
  const { fields } = await world.app.hook('/secret-room', 'handshake');
  client.send('secret-text');
  await refused(`${world.url}/%00`);
  const scrape = await moved('hooks_total{event="message",outcome="2xx"}', (value) => value === 1);
  expect(scrape.labels).toEqual(['event', 'le', 'outcome', 'quantile']);
  expect(scrape.text).not.toMatch(/secret/);
  expect(scrape.text).not.toContain(fields['from']);
});

test.for(hookBuckets.map((bound, at) => [bound, at] as const))(
  'a hook of %d s is in bucket %d, and one that took longer in the next',
  ([bound, at]) => {
    const counts = new HookCounts();
    counts.add({ kind: 'timeout' }, bound);
    counts.add({ kind: 'timeout' }, bound + 1e-9);
    const filled = counts.buckets.flatMap((count, bucket) => (count > 0 ? [bucket] : []));
    expect(filled).toEqual([at, at + 1]);
  },
);
