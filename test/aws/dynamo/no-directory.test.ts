import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NoDirectory } from '../../../functions/aws/dynamo/no-directory.ts';
import { dynamoRegistry } from '../../../functions/aws/dynamo/registry.ts';
import type { Registry } from '../../../functions/gateway/ports.ts';
import { bring } from '../../contract/ports/registry-world.ts';
import { aGroup } from '../../fakes/a-record.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { caller, Dynamo, groupsNameOf, QuickClock } from '../dynamo-table.ts';

const dynamo = await Dynamo.start();
afterAll(() => dynamo.stop());

let registry: Registry;
beforeAll(async () => {
  const name = await dynamo.table(dynamo.client());
  const table = { name, groups: groupsNameOf(name), endpoint: dynamo.endpoint };
  registry = dynamoRegistry(table, caller, new QuickClock(), NoDirectory, new RecordingLog());
});

describe('a function without a directory', () => {
  test('knows the sockets that it is told of', async () => {
    const socket = await bring(registry, 'open');
    expect(await registry.get(socket)).toMatchObject({ socket, status: 'open' });
  });

  test.for<[string, () => unknown]>([
    ['broadcasts to nobody', () => everyPage(() => registry.pages({}))],
    ['surveys nobody', () => everyPage(() => registry.survey())],
    ['divides nobody', () => Promise.resolve().then(() => registry.segmentsOf({}))],
    ['reads no segment', () => everyPage(() => registry.segment({}, 0, { limit: 10 }))],
    ['lists nobody', () => registry.list({}, 10)],
    ['lists no users', () => registry.listUsers(aGroup('room'), 10)],
  ])('%s, and says why', async ([, call]) => {
    await expect(call).rejects.toThrow('This function has no directory of sockets.');
  });
});

async function everyPage(pages: () => AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pages());
}
