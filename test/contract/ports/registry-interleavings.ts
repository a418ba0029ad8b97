import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { orders } from './orders.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring } from './registry-world.ts';

const leaseMs = 60_000;

/** One socket, what its client got, and in which order the registry was asked to keep messages for it. */
interface Scene {
  readonly registry: Registry;
  readonly clock: ManualClock;
  readonly socket: SocketId;
  readonly appended: string[];
  readonly direct: Set<string>;
  readonly arrived: string[];
}

/** Each flow is what the gateway does, one call of the registry or one post from `yield` to `yield`. */
async function* sender({ registry, socket, appended, direct, arrived }: Scene, body: string) {
  const outcome = await registry.append(socket, body);
  appended.push(body);
  if (outcome !== 'open') return;
  direct.add(body);
  yield;
  arrived.push(body);
}

async function* accepting({ registry, socket }: Scene) {
  if ((await registry.accept(socket, acceptance, 'open')) !== 'waiting') return;
  yield;
  await registry.accept(socket, acceptance, 'accepted');
}

async function* flushing({ registry, socket, arrived }: Scene) {
  if ((await registry.lease(socket, 'accepted', leaseMs)) === undefined) return;
  for (let left = 'more'; left === 'more'; ) {
    yield;
    const waiting = await registry.waiting(socket);
    yield;
    arrived.push(...waiting);
    yield;
    left = await registry.flushed(socket, waiting.length);
  }
}

/** What the sweeper does with a socket that nobody flushes. */
async function sweep(scene: Scene): Promise<void> {
  await scene.clock.advance(leaseMs + 1);
  for await (const _ of flushing(scene));
}

/** Lets appends, an acceptance and a flush run in all the orders that their calls can come in. */
export function interleavingsContract(name: string, make: MakeRegistry): void {
  describe(`${name}: all orders of two sends, an acceptance and a flush`, () => {
    const begin = async (): Promise<Scene> => {
      const clock = new ManualClock();
      const registry = await make(clock);
      const socket = await bring(registry, 'opening');
      return { registry, clock, socket, appended: [], direct: new Set(), arrived: [] };
    };

    test('no message is lost or comes twice, and none overtakes one that waits', async () => {
      const seen = new Set<string>();
      for await (const scene of orders(begin, (scene) => [
        sender(scene, 'a'),
        sender(scene, 'b'),
        accepting(scene),
        flushing(scene),
      ])) {
        await sweep(scene);
        const { registry, socket, appended, arrived, direct } = scene;
        expect((await registry.get(socket))?.status).toBe('open');
        expect([...arrived].sort()).toEqual(['a', 'b']);
        if (direct.size < 2) expect(arrived).toEqual(appended);
        seen.add(`${direct.size} direct`);
      }
      expect(seen).toEqual(new Set(['0 direct', '1 direct', '2 direct']));
    });

    test.for([0, 1, 2, 3, 4, 5, 6])(
      'a flusher that dies after %i steps leaves what the next one needs',
      async (steps) => {
        const scene = await begin();
        for (const body of ['a', 'b']) for await (const _ of sender(scene, body));
        for await (const _ of accepting(scene));
        const flusher = flushing(scene);
        for (let step = 0; step < steps; step++) {
          await flusher.next();
          if (step === 1) for await (const _ of sender(scene, 'c'));
        }
        await sweep(scene);
        const { registry, socket, arrived, appended } = scene;
        expect((await registry.get(socket))?.status).toBe('open');
        expect([...new Set(arrived)]).toEqual(appended);
        expect(await registry.waiting(socket)).toEqual([]);
      },
    );
  });
}
