import { beforeEach, expect, test } from 'vitest';
import { AppWatch } from '../../functions/local/app-watch.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startLocal } from '../support/local.ts';
import { RecordingLog } from '../support/recording-log.ts';

const url = 'http://app.example/hooks';
let clock: ManualClock;
let log: RecordingLog;
let watch: AppWatch;
const totals = { retried: 0, dead: 0, lost: 0, waiting: 0 };
beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLog();
  Object.assign(totals, { retried: 10, dead: 2, lost: 1, waiting: 0 });
  watch = new AppWatch(url, () => ({ ...totals }), { clock, log });
});

/** Time passes, and the watch looks. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  watch.look();
}

test('an app that does not answer is warned about once for each cause, however many hooks fail', () => {
  for (let failed = 1; failed <= 100; failed++) {
    watch.failed('connect ECONNREFUSED');
    watch.failed('the app did not answer in time');
  }
  expect(log.of('app_silent').map(({ level, fields }) => [level, fields['url'], fields['why']])).toEqual([
    ['warn', url, 'connect ECONNREFUSED'],
    ['warn', url, 'the app did not answer in time'],
  ]);
});

test('an outage with many causes is warned about eight times', () => {
  for (let failed = 1; failed <= 100; failed++) watch.failed(`cause ${failed}`);
  expect(log.of('app_silent')).toHaveLength(8);
});

test('the advice is for who has never seen the app answer', async () => {
  watch.failed('no');
  watch.answered();
  await pass(2_000);
  watch.failed('no');
  expect(log.of('app_silent').map(({ fields }) => fields['advice'])).toEqual([
    expect.stringContaining('WEBHOOK_BASE_URL'),
    undefined,
  ]);
});

test('one line says that the app is back, after how long, and what was retried, dead and lost since', async () => {
  watch.answered();
  watch.failed('no');
  await pass(60_000);
  expect(log.of('app_back'), 'while it is away').toEqual([]);
  watch.answered();
  Object.assign(totals, { retried: 165, dead: 3, lost: 1 });
  await pass(1_999);
  expect(log.of('app_back'), 'before it has answered for two seconds').toEqual([]);
  await pass(1);
  await pass(10_000);
  const fields = { url, seconds: 60, retried: 155, dead: 1, lost: 0, waiting: 0 };
  expect(log.of('app_back')).toEqual([{ level: 'info', event: 'app_back', fields }]);
});

test('an app that fails again before it is back has one outage', async () => {
  watch.failed('no');
  await pass(1_000);
  for (let times = 1; times <= 5; times++) {
    watch.answered();
    await pass(1_500);
    watch.failed('no');
  }
  watch.answered();
  await pass(2_000);
  expect(log.lines.map(({ event, fields }) => [event, fields['seconds']])).toEqual([
    ['app_silent', undefined],
    ['app_back', 9],
  ]);
});

test('the next outage is warned about again', async () => {
  for (let outages = 1; outages <= 2; outages++) {
    watch.failed('no');
    watch.answered();
    await pass(2_000);
  }
  expect(log.lines.map(({ event }) => event)).toEqual(['app_silent', 'app_back', 'app_silent', 'app_back']);
});

test('the line waits for the hooks that wait to be tried again, for a minute at most', async () => {
  watch.failed('no');
  totals.waiting = 3;
  watch.answered();
  await pass(59_999);
  expect(log.of('app_back')).toEqual([]);
  await pass(1);
  expect(log.of('app_back')).toMatchObject([{ fields: { seconds: 0, waiting: 3 } }]);
});

test('an app that always answers is not mentioned', async () => {
  expect(watch.state).toBe('unknown');
  for (let hooks = 1; hooks <= 5; hooks++) {
    watch.answered();
    await pass(5_000);
  }
  expect(watch.state).toBe('answers');
  expect(log.lines).toEqual([]);
});

test('hooks that are cut off by a stop say nothing of the app', () => {
  watch.answered();
  watch.stop();
  watch.failed('broken');
  expect(watch.state).toBe('answers');
  expect(log.lines).toEqual([]);
});

test('an outage too small for the breaker is warned about once, and one line sums it up', async () => {
  const world = await startLocal();
  let isAway = true;
  world.app.on('/room', ({ fields }) => (isAway && fields['event'] === 'message' ? 503 : 204));
  const clients = await Promise.all(Array.from({ length: 3 }, () => connect(`${world.url}/room`)));
  for (const client of clients) for (const text of ['one', 'two']) client.send(text);
  await eventually('all were tried', () => world.log.of('hook_retried').length >= 3);
  isAway = false;
  await eventually('the app is back', () => world.log.of('app_back').length > 0);
  const events = ['breaker_opened', 'app_silent', 'app_back'];
  const lines = world.log.lines.filter(({ event }) => events.includes(event));
  const base = world.app.baseUrl;
  expect(lines).toMatchObject([
    { level: 'warn', event: 'app_silent', fields: { url: base, why: 'the app answered 503' } },
    { level: 'info', event: 'app_back', fields: { url: base, retried: 6, dead: 0, lost: 0, waiting: 0 } },
  ]);
  expect(lines).toHaveLength(2);
  await world.stop();
  expect(world.log.of('app_silent'), 'after the stop').toHaveLength(1);
});

test('an app whose errors are its own is not taken to be away', async () => {
  const world = await startLocal();
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 500 : 204));
  const client = await connect(`${world.url}/room`);
  client.send('one');
  await eventually('it was tried', () => world.log.of('hook_retried').length > 0);
  expect(world.log.of('app_silent')).toEqual([]);
  await world.stop();
});

test('a hook that a stop cuts off is no outage', async () => {
  const world = await startLocal({ HOOK_TIMEOUT_MS: '60000' });
  world.app.on('/room', ({ fields }) => (fields['event'] === 'message' ? 'hang' : 204));
  const client = await connect(`${world.url}/room`);
  client.send('one');
  await world.app.hook('/room', 'message');
  await world.stop();
  // Its connection is closed in a later turn.
  for (let turns = 1; turns <= 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(world.log.of('app_silent')).toEqual([]);
});

test('an app that takes connections is back at the start, and whether it answers is unknown until a hook tells', async () => {
  watch.unreachable('connect ECONNREFUSED');
  expect(watch.state).toBe('away');
  watch.reachable();
  expect(watch.state, 'it takes connections').toBe('unknown');
  await pass(2_000);
  expect(log.of('app_back')).toHaveLength(1);
  watch.failed('the app answered 502');
  expect(watch.state, 'a hook got no answer').toBe('away');
  expect(log.of('app_silent').at(-1)?.fields['advice'], 'it has never answered').toContain(
    'WEBHOOK_BASE_URL',
  );
  watch.reachable();
  expect(watch.state, 'only a hook that is answered changes that').toBe('away');
});
