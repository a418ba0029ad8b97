import { expect } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import type { Scene } from '../../fakes/scene.ts';

/**
 * What was sent to a client that is in has arrived, each message once and after those that had been sent before it;
 * its socket is open, nothing waits for it, and the app was told of no end.
 */
export async function arrivedInOrder(scene: Scene): Promise<void> {
  const { sent, socket, world } = scene;
  const promised = sent.filter(({ outcome }) => outcome === 'queued' || outcome === 'delivered');
  expect([...scene.arrived].sort()).toEqual(promised.map(({ body }) => body).sort());
  keptOrder(scene);
  expect(scene.told).toEqual([]);
  expect(await scene.record()).toMatchObject({ status: 'open', leaseUntil: 0 });
  expect(await world.registry.waiting(socket)).toEqual([]);
  expect(await deliver(world.gateway, socket, 'the last')).toBe('delivered');
  expect(scene.arrived.at(-1)).toBe('the last');
}

/** Nothing arrived twice, or before what had been sent before it, and every message has an outcome. */
export function keptOrder({ arrived, sent, faults }: Scene): void {
  expect(faults).toEqual([]);
  expect(new Set(arrived).size).toBe(arrived.length);
  for (const { body, after, outcome } of sent) {
    expect(outcome).toBeDefined();
    const at = arrived.indexOf(body);
    for (const earlier of at < 0 ? [] : after) expect(arrived.indexOf(earlier)).toBeLessThan(at);
  }
}
