import { afterEach, describe, expect, test } from 'vitest';
import { MemoryRegistry } from '../../functions/local/memory-registry.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { bring } from '../contract/ports/registry-world.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { type Client, connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';

const hours = 2 * 3_600_000;

const worlds: LocalWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

/** A gateway whose machine's clock can be set. */
async function start(limits: { idleMs?: number } = {}) {
  let apart = 0;
  const clock = { ...systemClock, now: () => Date.now() + apart };
  const world = await startLocal({}, limits, { clock, sweepMs: 20 });
  worlds.push(world);
  return {
    ...world,
    set: (ms: number): void => {
      apart += ms;
    },
  };
}

describe.for([
  { step: hours, way: 'forwards' },
  { step: -hours, way: 'backwards' },
])('a machine whose clock is set $way by 2 hours', ({ step }) => {
  test('keeps its sockets, which go on, and ends those that are idle', async () => {
    const world = await start({ idleMs: 1_000 });
    world.app.on('/kept', ({ fields }) =>
      fields['event'] === 'message' ? actions({ reply: `again ${fields['body']}` }) : 204,
    );
    const client: Client = await connect(`${world.url}/kept`);
    const ping = setInterval(() => client.ws.readyState === 1 && client.ws.ping(), 50);
    const idle = await connect(`${world.url}/idle`);
    world.set(step);
    await idle.closed;
    client.send('hello');
    expect(await client.next()).toBe('again hello');
    const told = world.app.of('/kept', 'message')[0];
    expect(Math.abs(Number(told?.fields['time']) - Date.now() - step)).toBeLessThan(30_000);
    expect(Math.abs(Number(told?.headers['webhook-timestamp']) * 1_000 - Date.now() - step)).toBeLessThan(
      30_000,
    );
    clearInterval(ping);
    expect(world.app.of('/kept', 'closed')).toEqual([]);
  });

  test('tells what a client sent before it left, whatever the times say', async () => {
    const world = await start();
    let go: (status: number) => void = () => {};
    const gate = new Promise<number>((resolve) => {
      go = resolve;
    });
    world.app.on('/left', ({ fields }) => (fields['body'] === '1' ? gate : 204));
    const client = await connect(`${world.url}/left`);
    for (const body of ['1', '2', '3']) client.send(body);
    await world.app.hook('/left', 'message');
    await connect(`${world.url}/other`);
    world.set(step);
    await client.close();
    go(204);
    await world.app.hook('/left', 'closed');
    expect(world.app.of('/left', 'message').map(({ fields }) => fields['body'])).toEqual(['1', '2', '3']);
  });
});

describe('a lease in memory', () => {
  test.for([hours, -hours])(
    'lasts as long as it was given for, though the clock is set by %i ms',
    async (step) => {
      const clock = new ManualClock();
      const registry = new MemoryRegistry(clock);
      const socket = await bring(registry, 'closing');
      await registry.lease(socket, 'closing', 1_000);
      await clock.advance(400);
      clock.set(step);
      expect(await registry.lease(socket, 'closing', 1_000)).toBeUndefined();
      const told = { leaseUntil: clock.now() + 600 };
      expect(await registry.get(socket)).toMatchObject(told);
      for await (const page of registry.survey()) expect(page).toMatchObject([told]);
      await clock.advance(601);
      expect(await registry.lease(socket, 'closing', 1_000)).toMatchObject({ attempts: 2 });
    },
  );
});

test('a closed hook that was put off is told in its time though the clock is set back', async () => {
  let [passed, apart] = [0, 0];
  const clock = {
    ...systemClock,
    now: () => Date.now() + passed + apart,
    monotonic: () => performance.now() + passed,
  };
  const world = await startLocal({}, {}, { clock, sweepMs: 20 });
  worlds.push(world);
  const answers = [500, 500, 500];
  world.app.on('/gone', ({ fields }) => (fields['event'] === 'closed' ? (answers.shift() ?? 204) : 204));
  await (await connect(`${world.url}/gone`)).close();
  await eventually('it is put off', () => world.log.of('hook_postponed').length === 1);
  apart = -hours;
  passed = 61_000;
  await eventually('it is told', () => world.app.of('/gone', 'closed').length === 4);
});
