import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../functions/node/system-clock.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld | undefined;
let ahead = 0;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** A gateway whose clock can be put forward, with a socket that has ended while its app is down. */
async function put(answers: number[], store = new LastingStore()) {
  ahead = 0;
  const clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
  };
  const started = await startLocal({}, {}, { clock, sweepMs: 20, store });
  world = started;
  started.app.on('/gone', ({ fields }) => (fields['event'] === 'closed' ? (answers.shift() ?? 204) : 204));
  const client = await connect(`${started.url}/gone`);
  await client.close();
  await eventually('three tries', () => started.app.of('/gone', 'closed').length === 3);
  await eventually('it is put off', () => started.log.of('hook_postponed').length === 1);
  return { app: started.app, api: started.api, log: started.log };
}

test('a closed hook that an app can’t take now is tried again later, under the same id', async () => {
  const { app, log } = await put([500, 500, 500]);
  ahead = 61_000;
  await eventually('another try', () => app.of('/gone', 'closed').length === 4);
  const ids = app.of('/gone', 'closed').map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(1);
  expect(log.of('hook_lost')).toEqual([]);
});

test('a closed hook that nobody takes for 24 hours becomes a dead letter', async () => {
  const { app, api, log } = await put(Array.from({ length: 99 }, () => 500));
  ahead = 86_400_000 - 60_000;
  await eventually('it is put off again', () => log.of('hook_postponed').length === 2);
  expect(log.of('hook_dead')).toEqual([]);
  ahead = 86_400_000 + 1_000;
  await eventually('it is dead', () => log.of('hook_dead').length === 1);
  const { letter, ...fields } = log.of('hook_dead')[0]?.fields ?? {};
  expect(fields).toMatchObject({ hook: 'closed', why: 'the app answered 500' });
  const { json } = await api.call('GET', `/dead-letters/${letter}`);
  expect(json).toMatchObject({ event: 'closed', path: '/gone', attempts: 3 });
  expect(log.of('hook_lost')).toEqual([]);
  expect(app.of('/gone', 'closed')).toHaveLength(9);
});

test('a closed hook that still waits when the gateway stops is posted at its next start', async () => {
  const store = new LastingStore();
  const { app, log } = await put([500, 500, 500], store);
  await world?.gateway.stop(100);
  expect(log.of('hook_lost')).toEqual([]);
  const next = await startLocal({ WEBHOOK_BASE_URL: app.baseUrl }, {}, { store });
  await eventually('another try', () => app.of('/gone', 'closed').length === 4);
  const told = app
    .of('/gone', 'closed')
    .map(({ fields, headers }) => [fields['code'], headers['webhook-id']]);
  expect(new Set(told.map(String)).size, 'codes and ids of the attempts').toBe(1);
  await eventually('its record is removed', () => store.records === 0);
  await next.stop();
});
