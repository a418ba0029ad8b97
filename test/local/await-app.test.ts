import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppWatch } from '../../functions/local/app-watch.ts';
import { awaitApp } from '../../functions/local/await-app.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { RecordingLog } from '../support/recording-log.ts';

let gateway: GatewayProcess | undefined;
let app: RecordingApp;
const nothing = { retried: 0, dead: 0, lost: 0, waiting: 0 };
beforeEach(() => {
  app = new RecordingApp();
});
afterEach(async () => {
  gateway?.kill();
  await app.stop();
});

test('an app that is not there at the start is warned about once, and one line says when it is', async () => {
  const port = await freePort();
  const url = `http://localhost:${port}/websocket`;
  const started = await GatewayProcess.start({ WEBHOOK_BASE_URL: url });
  gateway = started;
  await eventually('the warning', () => started.of('app_silent').length > 0);
  expect(started.of('app_silent')).toMatchObject([
    { level: 'warn', url, why: expect.stringContaining('ECONNREFUSED') },
  ]);
  await app.listen(port);
  await eventually('it is there', () => started.of('app_back').length > 0);
  expect(started.of('app_back')).toMatchObject([{ level: 'info', url, seconds: expect.any(Number) }]);
  expect(started.of('app_silent')).toHaveLength(1);
  expect(app.hooks, 'a look sends nothing').toEqual([]);
  await (await connect(started.url)).close();
});

test('an app that stays away is warned about once, however long it takes', async () => {
  const port = await freePort();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const url = `http://127.0.0.1:${port}/websocket`;
  const watch = new AppWatch(url, () => nothing, { clock, log });
  const awaited = awaitApp(url, watch, clock, new AbortController().signal);
  for (let looks = 1; looks <= 5; looks++) {
    await eventually('another look', () => clock.slept.length === looks);
    if (looks === 5) await app.listen(port);
    await clock.advance(1_000);
  }
  await awaited;
  watch.look();
  expect(log.of('app_back'), 'before it has answered for two seconds').toEqual([]);
  await clock.advance(2_000);
  watch.look();
  expect(log.lines.map(({ event }) => event)).toEqual(['app_silent', 'app_back']);
  expect(log.of('app_back')).toMatchObject([{ fields: { url, seconds: 5, ...nothing } }]);
});

test('a gateway that waits for its app stops at once', async () => {
  const started = await GatewayProcess.start({
    WEBHOOK_BASE_URL: `http://[::1]:${await freePort()}/websocket`,
  });
  gateway = started;
  await eventually('the warning', () => started.of('app_silent').length > 0);
  started.signal('SIGTERM');
  expect(await gateway.exited).toBe(0);
  expect(started.lines.map(({ event }) => event)).toEqual(['started', 'app_silent', 'stopping', 'stopped']);
  await app.listen();
});

test('an app that is there is not mentioned', async () => {
  const started = await GatewayProcess.start({ WEBHOOK_BASE_URL: await app.listen() });
  gateway = started;
  await (await connect(started.url)).close();
  await eventually('the hook', () => app.of('/', 'closed').length > 0);
  expect(started.lines.map(({ event }) => event)).toEqual(['started']);
});
