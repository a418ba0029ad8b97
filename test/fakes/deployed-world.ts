import type { Policy } from '../../functions/gateway/gateway.ts';
import type { Registry } from '../../functions/gateway/ports.ts';
import type { MemoryRegistry } from '../../functions/local/memory-registry.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { type FakeWorld, fakeGateway, type Given } from './fake-gateway.ts';
import { sweepMinutes } from './sweep-minutes.ts';

const asDeployed: Partial<Policy> = {
  defersDeliveries: true,
  leaseMs: 90_000,
  staleMs: 90_000,
  retry: { attempts: 3, withinMs: 5_000 },
};

/** A world of fakes whose gateway has the settings of AWS, with replies posted, and the given settings on top. */
export function deployedWorld(
  given: Pick<Given, 'settings' | 'policy'> = {},
  registry: (memory: MemoryRegistry) => Registry = (memory) => memory,
): FakeWorld {
  return fakeGateway({ ...given, registry, policy: { ...asDeployed, ...given.policy } });
}

/** Runs sweeps for long enough that every socket has been probed twice. */
export async function recover(world: FakeWorld): Promise<void> {
  await sweepMinutes(world, 65);
}

/** The status of every socket that has a record. */
export async function standing(world: FakeWorld): Promise<Record<SocketId, string>> {
  const found: Record<SocketId, string> = {};
  for await (const page of world.registry.survey()) {
    for (const { socket, status } of page) found[socket] = status;
  }
  return found;
}

/** The codes of a socket's closed hooks. Throws if any of them had a different webhook-id. */
export function codesTold({ app }: FakeWorld, socket: SocketId): string[] {
  const requests = app.requests.filter(
    (_, at) => app.hooks[at]?.['event'] === 'closed' && app.hooks[at]?.['from'] === socket,
  );
  const strange = requests.filter(({ headers }) => headers['webhook-id'] !== `closed_${socket}`);
  if (strange.length > 0) throw new Error(`A closed hook of ${socket} had another id.`);
  return requests.map(({ body }) => new URLSearchParams(body).get('code') ?? '');
}
