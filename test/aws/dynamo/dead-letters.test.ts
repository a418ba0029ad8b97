import { afterAll, describe, expect, test, vi } from 'vitest';
import { DynamoDeadLetters } from '../../../functions/aws/dynamo/dead-letters.ts';
import type { DeadLetter } from '../../../functions/gateway/dead-letters.ts';
import { deadLetterIdOf } from '../../../functions/wire/dead-letter-id.ts';
import { deadLettersContract } from '../../contract/ports/dead-letters.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { Dynamo, deadLettersAt, deadLettersNameOf, QuickClock } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const client = dynamo.client();
const fronts: DynamoFront[] = [];
afterAll(async () => {
  for (const front of fronts) await front.close();
  await dynamo.stop();
});

deadLettersContract('DynamoDB dead letters', async (clock) =>
  deadLettersAt(
    { name: await dynamo.table(client), endpoint: dynamo.endpoint },
    new QuickClock(() => clock.now()),
  ),
);

for (const pageSize of [1_000, 1]) {
  deadLettersContract(`dead letters on the double of DynamoDB, in pages of ${pageSize}`, async (clock) => {
    const double = new MemoryDynamo(pageSize);
    return new DynamoDeadLetters(() => double, memoryTables, clock, new RecordingLog());
  });
}

function aLetter(given: Partial<DeadLetter> = {}, time = Date.now()): DeadLetter {
  const hook = aHook({ time });
  const id = deadLetterIdOf(hook.id, hook.time);
  return { id, hook, groupsVersion: 0, attempts: 1, why: 'no', diedAt: Date.now(), ...given };
}

describe('dead letters in their table', () => {
  const onDouble = () => {
    const [double, clock, log] = [new MemoryDynamo(), new ManualClock(Date.now()), new RecordingLog()];
    return { double, clock, log, letters: new DynamoDeadLetters(() => double, memoryTables, clock, log) };
  };
  const textOf = (item: Readonly<Record<string, { S?: string }>>, name: string) => item[name]?.S ?? '';

  test('are spread over sixteen partition keys, and every body has one of its own', async () => {
    const { double, letters } = onDouble();
    for (let at = 0; at < 400; at++) await letters.put(aLetter());
    const shards = double.items('deadLetters').map((item) => textOf(item, 'shard'));
    const ofLetters = shards.filter((shard) => shard.startsWith('letters#'));
    const counts = [...new Set(ofLetters)].map((shard) => ofLetters.filter((one) => one === shard).length);
    expect(counts).toHaveLength(16);
    expect(Math.max(...counts), 'the fullest of 16, of 400').toBeLessThan(60);
    expect(new Set(shards.filter((shard) => shard.startsWith('body#'))).size).toBe(400);
  });

  test('expire 14 days after their deaths, letter and body', async () => {
    const { double, letters } = onDouble();
    const { diedAt } = aLetter();
    await letters.put(aLetter({ diedAt }));
    const expires = Math.ceil(diedAt / 1_000) + 14 * 86_400;
    expect(double.items('deadLetters').map(({ expires }) => expires?.N)).toEqual([
      `${expires}`,
      `${expires}`,
    ]);
  });

  test('leave nothing behind when they are removed', async () => {
    const { double, letters } = onDouble();
    const letter = aLetter();
    await letters.put(letter);
    await letters.remove(letter.id);
    expect(double.items('deadLetters')).toEqual([]);
  });

  test('that die again while they are removed keep the body of the later death', async () => {
    const { double, clock, log } = onDouble();
    const again = new DynamoDeadLetters(() => double, memoryTables, clock, log);
    const letter = aLetter();
    // Between the removal of the letter and that of its body, the hook dies again.
    const interleaved = new DynamoDeadLetters(
      () => ({
        run: async (operation, input) => {
          const output = await double.run(operation, input);
          if (operation === 'DeleteItem' && 'ConditionExpression' in input) await again.put(letter);
          return output;
        },
      }),
      memoryTables,
      clock,
      log,
    );
    await interleaved.put(letter);
    expect(await interleaved.remove(letter.id)).toBe(true);
    expect(await again.get(letter.id)).toEqual(letter);
  });

  test('that die again while they are read are read as they are then', async () => {
    const { double, clock, log } = onDouble();
    const other = new DynamoDeadLetters(() => double, memoryTables, clock, log);
    const letter = aLetter();
    const later = { ...letter, diedAt: letter.diedAt + 1, attempts: 2 };
    await other.put(letter);
    let isFirst = true;
    const reader = new DynamoDeadLetters(
      () => ({
        run: async (operation, input) => {
          const output = await double.run(operation, input);
          if (isFirst && (operation === 'GetItem' || operation === 'Query')) {
            isFirst = false;
            await other.remove(letter.id);
            await other.put(later);
          }
          return output;
        },
      }),
      memoryTables,
      clock,
      log,
    );
    expect(await reader.get(letter.id)).toEqual(later);
  });

  test('are listed although one of them can’t be read, which is told once', async () => {
    const { double, letters, log } = onDouble();
    const letter = aLetter();
    await letters.put(letter);
    const { id } = aLetter();
    const Item = { shard: { S: 'letters#3' }, letter: { S: id }, event: { S: 'other' } };
    await double.run('PutItem', { TableName: memoryTables.deadLetters, Item });
    expect(await letters.list(10, undefined, true)).toEqual({ deadLetters: [letter] });
    expect(log.lines.map(({ event }) => event)).toEqual(['record_unreadable']);
  });

  test('of which nearly all have expired are listed in several pages: none reads more than 2,000', async () => {
    const { double, clock, letters } = onDouble();
    for (let at = 0; at < 2_001; at++) await letters.put(aLetter());
    clock.set(14 * 86_400_000 + 60_000);
    // The last in the order of the times.
    const letter = aLetter({ diedAt: clock.now() }, clock.now());
    await letters.put(letter);
    expect(double.items('deadLetters')).toHaveLength(2 * 2_002);
    const page = await letters.list(1, undefined, true);
    expect([page?.deadLetters, page?.cursor === undefined]).toEqual([[], false]);
    expect(await letters.list(1, page?.cursor, true)).toEqual({ deadLetters: [letter] });
  });
});

/** Dead letters whose first answer to each write is lost, after the write was done or not. */
async function harried(manner: Manner) {
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  const at = (endpoint: string) => deadLettersAt({ name, endpoint });
  return { letters: at(front.endpoint), quiet: at(dynamo.endpoint), name };
}

describe.for([
  { first: 'hang up', carriesOut: true },
  { first: 'a fault', carriesOut: true },
  { first: 'throttling' },
] as const)('a write of a letter whose first answer is lost (%o)', (manner) => {
  test('is known again: the letter is there once, and whoever removes it is told so', async () => {
    const { letters, quiet, name } = await harried(manner);
    const letter = aLetter();
    await letters.put(letter);
    expect(await letters.get(letter.id)).toEqual(letter);
    expect(await itemsOf(client, deadLettersNameOf(name))).toHaveLength(2);
    expect(await letters.remove(letter.id, letter.diedAt), 'the first time').toBe(true);
    expect(await quiet.remove(letter.id, letter.diedAt), 'the second time').toBe(false);
    expect(await letters.get(letter.id)).toBeUndefined();
  });
});
