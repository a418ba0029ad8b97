import { expect, test } from 'vitest';
import type { Dynamo } from '../../../functions/aws/dynamo/calls.ts';
import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import type { Recipient } from '../../../functions/gateway/record.ts';
import { bring } from '../../contract/ports/registry-world.ts';
import { aGroup, aPath } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';

const [room, group, user] = [aPath('/room'), aGroup('room'), 'alice'];

/** A registry, and how many bytes its Scans have brought. */
function watched() {
  const memory = new MemoryDynamo();
  const seen = { bytes: 0 };
  const access = (): Dynamo => ({
    run: async (operation, input) => {
      const output = await memory.run(operation, input);
      if (operation === 'Scan') seen.bytes += JSON.stringify(output).length;
      return output;
    },
  });
  return {
    seen,
    registry: registryWith(access, memoryTables, new ManualClock(), DynamoDirectory, new RecordingLog()),
  };
}

test.for([
  { audience: 'everybody', filter: {} },
  { audience: 'a path', filter: { path: room } },
  { audience: 'a user', filter: { user } },
  { audience: 'a group', filter: { group } },
])('a broadcast to $audience keeps no more of a socket than a message to it needs', async ({ filter }) => {
  const { registry, seen } = watched();
  const state = 's'.repeat(4_096);
  const expected: unknown[] = [];
  for (const status of ['open', 'opening'] as const) {
    const socket = await bring(registry, status, { path: room, user, state });
    await registry.changeGroups(socket, { join: [group], leave: [] });
    const record = await registry.get(socket);
    expected.push({ socket, status, acceptedAt: record?.acceptedAt });
    if (status === 'opening') await registry.append(socket, 'm'.repeat(100_000));
  }
  const found: Recipient[] = [];
  for (let at = 0; at < registry.segmentsOf(filter); at++)
    for await (const { recipients } of registry.segment(filter, at, { limit: 100 }))
      found.push(...recipients);
  expect(found).toHaveLength(2);
  expect(found, 'the fields of a recipient').toEqual(expect.arrayContaining(expected));
  expect(seen.bytes, 'bytes from DynamoDB').toBeLessThan(2_000);
});
