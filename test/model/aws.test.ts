import fc from 'fast-check';
import { test } from 'vitest';
import { type AwsCommand, AwsWorld } from './aws-world.ts';
import { schedules } from './commands.ts';
import { playAll, playTwice } from './play-all.ts';

const trouble = fc.record({
  do: fc.constant('trouble' as const),
  service: fc.constantFrom('dynamodb' as const, 'sqs' as const),
  how: fc.constantFrom('throttled' as const, 'lost' as const),
  calls: fc.constantFrom(1, 2, 5, 30, 100),
});
const losing = fc.record({ do: fc.constant('lose $disconnect' as const), isOn: fc.boolean() });
const doubling = fc.record({ do: fc.constant('double' as const), times: fc.constantFrom(1, 1, 3) });
const others: fc.WeightedArbitrary<AwsCommand>[] = [
  { weight: 5, arbitrary: trouble },
  { weight: 1, arbitrary: losing },
  { weight: 1, arbitrary: doubling },
];

test('a gateway on AWS whose functions die and whose services fail loses and confuses nothing', async () => {
  await playAll('aws', schedules(others), (seed) => new AwsWorld(seed));
});

test('a schedule on AWS goes the same way each time', async () => {
  await playTwice(schedules(others), (seed) => new AwsWorld(seed));
});
