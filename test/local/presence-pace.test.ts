import { afterEach, expect, test } from 'vitest';
import { LastingStore } from '../fakes/lasting-store.ts';
import { Client, connect, tryConnect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { actions, type RecordingApp } from '../support/recording-app.ts';

const worlds: LocalWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function start(environment: Record<string, string>, store = new LastingStore()): Promise<LocalWorld> {
  const hooks = 'handshake,message,closed,joined,left';
  const world = await startLocal({ HOOKS: hooks, ...environment }, {}, { store });
  worlds.push(world);
  return world;
}

/** Everybody who comes to `/many` is a user of their own in the lobby. Each hook of this event waits to be let go. */
function heldBack(app: RecordingApp, event: string): (() => void)[] {
  const told: (() => void)[] = [];
  let users = 0;
  app.on('/many', async ({ fields }) => {
    if (fields['event'] === event) await new Promise<void>((resolve) => told.push(resolve));
    users += 1;
    return fields['event'] === 'handshake' ? actions({ user: `user-${users}`, join: ['lobby'] }) : 204;
  });
  return told;
}

/** How many of 40 hooks arrive at a time, when all that have arrived are let go at once. */
async function steps(told: (() => void)[]): Promise<number[]> {
  const counts: number[] = [];
  for (let left = 40; left > 0; ) {
    await eventually('hooks', () => told.length === Math.min(left, 4 * 2 ** counts.length));
    counts.push(told.length);
    left -= told.length;
    for (const answer of told.splice(0)) answer();
  }
  return counts;
}

test('after a kill the app hears of the many who have left a few at a time', async () => {
  const store = new LastingStore();
  const { app, url } = await start({}, store);
  heldBack(app, 'nothing');
  await Promise.all(Array.from({ length: 40 }, () => connect(`${url}/many`)));
  const stored = () => store.range(Buffer.from('p'), Buffer.from('q'), 50).map(({ value }) => String(value));
  await eventually('all were told', () => app.of('/many', 'joined').length === 40);
  await eventually('it is stored', () => !stored().some((text) => text.includes('"telling"')));
  const left = new LastingStore();
  await left.write(store.range(Uint8Array.of(0), Uint8Array.of(255), 1_000_000));
  const told = heldBack(app, 'left');
  await start({ WEBHOOK_BASE_URL: app.baseUrl, PRESENCE_GRACE_MS: '300' }, left);
  expect(await steps(told)).toEqual([4, 8, 16, 12]);
});

test('an app that is back hears of the many who come to a group a few at a time', async () => {
  const { app, url, log } = await start({});
  app.on('/down', () => 503);
  const come = async (): Promise<boolean> => (await tryConnect(`${url}/down`)) instanceof Client;
  await eventually('the breaker opens', async () => {
    await come();
    return log.of('breaker_opened').length === 1;
  });
  app.on('/down', () => 204);
  await eventually('the app is back', come);
  const told = heldBack(app, 'joined');
  await Promise.all(Array.from({ length: 40 }, () => connect(`${url}/many`)));
  expect(await steps(told)).toEqual([4, 8, 16, 12]);
});
