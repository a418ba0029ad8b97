import { afterEach, expect, test } from 'vitest';
import { LastingStore } from '../fakes/lasting-store.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { actions, type RecordingApp } from '../support/recording-app.ts';

const hooks = 'handshake,message,closed,joined,left';
const worlds: LocalWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function start(store: LastingStore, environment: Record<string, string> = {}): Promise<LocalWorld> {
  const world = await startLocal({ HOOKS: hooks, PRESENCE_GRACE_MS: '400', ...environment }, {}, { store });
  worlds.push(world);
  return world;
}

/** What a gateway that is killed at this moment leaves to the next one. */
async function killed(store: LastingStore): Promise<LastingStore> {
  const left = new LastingStore();
  await left.write(store.range(Uint8Array.of(0), Uint8Array.of(255), 1_000_000));
  return left;
}

/** Who comes to the lobby is named by their path. */
function named(app: RecordingApp): void {
  for (const user of ['alice', 'bob']) app.on(`/${user}`, () => actions({ user, join: ['lobby'] }));
}

/** The hooks of presence that the app got of a user, as their events. */
function toldOf(app: RecordingApp, user: string): string {
  const events = app.of(`/${user}`).map(({ fields }) => fields['event'] ?? '');
  return events.filter((event) => event === 'joined' || event === 'left').join();
}

/** A gateway with two users in a group that was killed, and what it leaves. */
async function killedWithTwo() {
  const store = new LastingStore();
  const { app, url } = await start(store);
  named(app);
  await Promise.all([connect(`${url}/alice`), connect(`${url}/bob`)]);
  await eventually('both were told', () => toldOf(app, 'alice') + toldOf(app, 'bob') === 'joinedjoined');
  await eventually('it is stored that they were', () => {
    const stored = store
      .range(Buffer.from('p'), Buffer.from('q'), 10)
      .map(({ value }) => String(Buffer.from(value)));
    return stored.length === 2 && stored.every((text) => !text.includes('"telling"'));
  });
  return { app, left: await killed(store) };
}

test('after a kill those have left who do not come back within the grace', async () => {
  const { app, left } = await killedWithTwo();
  const next = await start(left, { WEBHOOK_BASE_URL: app.baseUrl, PRESENCE_GRACE_MS: '1500' });
  await connect(`${next.url}/alice`);
  await eventually('bob has left', () => toldOf(app, 'bob') === 'joined,left');
  expect(toldOf(app, 'alice'), 'who came back').toBe('joined');
  const [joined = 0, gone = 0] = app
    .of('/bob')
    .flatMap(({ fields }) => (fields['group'] ? [Number(fields['sequence'])] : []));
  expect(gone, 'the numbers of bob').toBeGreaterThan(joined);
});

test('after a kill a start without presence tells nobody, and keeps nothing of it', async () => {
  const { app, left } = await killedWithTwo();
  const environment = { HOOKS: 'handshake,message,closed', PRESENCE_GRACE_MS: '0' };
  const { url } = await start(left, { WEBHOOK_BASE_URL: app.baseUrl, ...environment });
  await eventually('the closed hooks', () => app.of('/bob', 'closed').length > 0);
  await eventually('nothing is kept', () => left.range(Buffer.from('p'), Buffer.from('q'), 10).length === 0);
  // What would be told of bob would be told before this.
  await (await connect(`${url}/carol`)).close();
  await app.hook('/carol', 'closed');
  expect(toldOf(app, 'bob')).toBe('joined');
});
