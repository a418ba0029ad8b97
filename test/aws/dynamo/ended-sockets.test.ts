import { afterAll, describe, expect, test } from 'vitest';
import { dynamoAccess } from '../../../functions/aws/dynamo/calls.ts';
import { DynamoEndedSockets } from '../../../functions/aws/dynamo/ended-sockets.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { aRecord } from '../../fakes/a-record.ts';
import { caller, Dynamo, deadLettersNameOf } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

const dynamo = await Dynamo.start();
const client = dynamo.client();
afterAll(() => dynamo.stop());

async function endedSockets(isKeeping: boolean) {
  const deadLetters = deadLettersNameOf(await dynamo.table(client));
  const access = dynamoAccess(dynamo.endpoint, caller, systemClock);
  return { ended: new DynamoEndedSockets(access, { deadLetters }, isKeeping), deadLetters };
}

const end = { code: 1001, reason: 'bye', time: 1_764_000_000_000 };

describe('a socket that has ended', () => {
  test('is found with all that a message of it needs, and no other is', async () => {
    const { ended } = await endedSockets(true);
    const record = aRecord({
      ...{ status: 'closing', end, query: 'a=1', user: 'alice', state: 'kept', acceptedAt: 5 },
      origin: 'https://app.example',
      groupsVersion: 3,
    });
    await ended.keep(record);
    expect(await ended.get(record.socket)).toEqual(record);
    expect(await ended.get(aRecord().socket)).toBeUndefined();
  });

  test('is kept for 15 days after its end, which is longer than a message can wait', async () => {
    const { ended, deadLetters } = await endedSockets(true);
    await ended.keep(aRecord({ status: 'closing', end }));
    const [item, ...others] = await itemsOf(client, deadLetters);
    expect(others).toEqual([]);
    expect(item?.['expires']).toEqual({ N: String(end.time / 1_000 + 15 * 86_400) });
  });

  test('is not kept where no message waits', async () => {
    const { ended, deadLetters } = await endedSockets(false);
    await ended.keep(aRecord({ status: 'closing', end }));
    expect(await itemsOf(client, deadLetters)).toEqual([]);
  });

  test('is kept only after its end', async () => {
    const { ended } = await endedSockets(true);
    await expect(ended.keep(aRecord())).rejects.toThrow('only after the end of its socket');
  });
});
