import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../functions/node/system-clock.ts';
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
async function put(answers: number[]) {
  ahead = 0;
  const clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
  };
  const started = await startLocal({}, {}, { clock, sweepMs: 20 });
  world = started;
  started.app.on('/gone', ({ fields }) => (fields['event'] === 'closed' ? (answers.shift() ?? 204) : 204));
  const client = await connect(`${started.url}/gone`);
  await client.close();
  await eventually('three tries', () => started.app.of('/gone', 'closed').length === 3);
  await eventually('it is put off', () => started.log.of('hook_postponed').length === 1);
  return { app: started.app, log: started.log };
}

test('a closed hook that an app can’t take now is tried again later, under the same id', async () => {
  const { app, log } = await put([500, 500, 500]);
  ahead = 61_000;
  await eventually('another try', () => app.of('/gone', 'closed').length === 4);
  const ids = app.of('/gone', 'closed').map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(1);
  expect(log.of('hook_lost')).toEqual([]);
});

test('a closed hook that nobody takes for 24 hours is lost, and logged as that', async () => {
  const { app, log } = await put(Array.from({ length: 99 }, () => 500));
  ahead = 86_400_000 - 60_000;
  await eventually('it is put off again', () => log.of('hook_postponed').length === 2);
  expect(log.of('hook_lost')).toEqual([]);
  ahead = 86_400_000 + 1_000;
  await eventually('it is lost', () => log.of('hook_lost').length === 1);
  expect(log.of('hook_lost')[0]?.fields).toMatchObject({ hook: 'closed', why: 'the app answered 500' });
  expect(app.of('/gone', 'closed')).toHaveLength(9);
});

test('a closed hook that still waits when the gateway stops is logged as lost', async () => {
  const { app, log } = await put([500, 500, 500]);
  const from = app.of('/gone', 'closed')[0]?.fields['from'];
  await world?.gateway.stop(100);
  expect(log.of('hook_lost').map(({ fields }) => fields['request'])).toEqual([`closed_${from}`]);
});
