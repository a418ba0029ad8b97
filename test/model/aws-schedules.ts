import fc from 'fast-check';
import type { AwsCommand } from './aws-world.ts';
import { schedules } from './commands.ts';

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

/** Schedules on AWS. */
export const awsSchedules = schedules(others);
