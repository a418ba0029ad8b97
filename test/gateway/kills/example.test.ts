import { expect, test } from 'vitest';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import { codesTold, deployedWorld, recover } from '../../fakes/deployed-world.ts';
import { everyDeath, mortally } from '../../fakes/mortal.ts';

test('a process that dies while it closes a socket leaves it open, or closed and the app told once', async () => {
  const deaths = await everyDeath(async (death) => {
    const world = deployedWorld();
    const { socket } = await world.admit();
    const fate = await mortally(world.gateway, death, (mortal) => closeSocket(mortal, socket));
    await recover(world);
    const isOpen = (await world.registry.get(socket)) !== undefined;
    expect(codesTold(world, socket)).toEqual(isOpen ? [] : ['1000']);
    return fate;
  });
  expect(deaths.length).toBeGreaterThanOrEqual(6);
});
