import { expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { codesTold, deployedWorld, recover, standing } from '../../fakes/deployed-world.ts';
import { everyDeath, mortally } from '../../fakes/mortal.ts';
import { work } from '../../fakes/sweep-minutes.ts';

/** Everything that a sweep has to do something about, and a socket that is well. */
async function ailing() {
  const world = deployedWorld();
  const now = world.clock.now();
  const { admit, registry, gateway } = world;
  const opening = (await admit({ status: 'opening', openedAt: now - 90_000, acceptedAt: 0 })).socket;
  const waiting = (await admit({ status: 'accepted', openedAt: now, acceptedAt: now - 90_000 })).socket;
  await deliver(gateway, waiting, 'a');
  await deliver(gateway, waiting, 'b');
  const ended = (await admit({ acceptedAt: now - 100_000 })).socket;
  await registry.markEnded(ended, { code: 3000, reason: '', time: now - 90_000 });
  const hungUp = (await admit({ acceptedAt: now - 100_000 })).socket;
  await registry.markEnded(hungUp, { code: 3001, reason: '', time: now - 90_000 }, 60_000);
  const old = (await admit({ openedAt: now - 7_500_000, acceptedAt: now - 7_500_000 })).socket;
  const lost = (await admit({ openedAt: now - 60_000, acceptedAt: now - 60_000 })).socket;
  const well = (await admit({ openedAt: now, acceptedAt: now - 60_000 })).socket;
  for (const socket of [opening, ended, hungUp, old, lost]) world.connections.missing.add(socket);
  return { world, opening, waiting, ended, hungUp, old, lost, well };
}

test('a sweep that dies at any step leaves all to the next, and nothing is done twice', async () => {
  const deaths = await everyDeath(async (death) => {
    const { world, ...sockets } = await ailing();
    const probing = { ...world.gateway, settings: { ...world.gateway.settings, probeMinutes: 1 } };
    const fate = await world.clock.until(mortally(probing, death, (mortal) => sweep(mortal, 0)));
    await work(world);
    await deliver(world.gateway, sockets.waiting, 'c');
    await recover(world);
    expect(codesTold(world, sockets.opening)).toEqual(['1006']);
    expect(codesTold(world, sockets.ended)).toEqual(['3000']);
    expect(codesTold(world, sockets.hungUp)).toEqual(['3001']);
    expect(codesTold(world, sockets.old)).toEqual(['1006']);
    expect(codesTold(world, sockets.lost)).toEqual(['1006']);
    expect(world.connections.of(sockets.waiting)).toEqual(['a', 'b', 'c']);
    expect(await standing(world)).toEqual({ [sockets.waiting]: 'open', [sockets.well]: 'open' });
    return fate;
  });
  expect(deaths.length).toBeGreaterThanOrEqual(20);
});
