import { test } from 'vitest';
import { awsSchedules } from './aws-schedules.ts';
import { AwsWorld } from './aws-world.ts';
import { playAll } from './play-all.ts';

test('where Lambda queues messages, no kill and no fault of a service loses one', async () => {
  await playAll('queued', awsSchedules, (setup) => new AwsWorld(setup, true));
});
