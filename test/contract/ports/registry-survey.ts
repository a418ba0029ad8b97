import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { bring, type Standing } from './registry-world.ts';

const standings: Standing[] = ['opening', 'opening, messages wait', 'accepted', 'open', 'closing'];

async function surveyed(registry: Registry) {
  const records = [];
  for await (const page of registry.survey()) records.push(...page);
  return records;
}

/** Every record, for whoever looks after them. */
export function surveyContract(name: string, make: MakeRegistry): void {
  describe(`${name}: a survey`, () => {
    test('finds the record of every socket, whatever its status, as it is', async () => {
      const registry = await make(new ManualClock());
      const sockets = [];
      for (const standing of standings) sockets.push(await bring(registry, standing));
      const [, , accepted = sockets[0], , closing = sockets[0]] = sockets;
      if (accepted && closing) {
        await registry.lease(accepted, 'accepted', 1_000);
        await registry.lease(closing, 'closing', 2_000);
      }
      const found = await surveyed(registry);
      const read = await Promise.all(sockets.map((socket) => registry.get(socket)));
      expect(found).toHaveLength(standings.length);
      expect(found).toEqual(expect.arrayContaining(read));
      expect(found.filter(({ leaseUntil }) => leaseUntil > 0)).toHaveLength(2);
    });

    test('of nothing finds nothing', async () => {
      expect(await surveyed(await make(new ManualClock()))).toEqual([]);
    });

    test('may change what it finds while it goes on', async () => {
      const registry = await make(new ManualClock());
      for (let at = 0; at < 50; at++) await bring(registry, 'closing');
      for await (const page of registry.survey()) {
        for (const { socket } of page) await registry.remove(socket);
      }
      expect(await surveyed(registry)).toEqual([]);
    });
  });
}
