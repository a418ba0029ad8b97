import { test } from 'vitest';
import { awsSchedules } from './aws-schedules.ts';
import { AwsWorld } from './aws-world.ts';
import { playAll, playTwice } from './play-all.ts';

test('a gateway on AWS whose functions die and whose services fail loses and confuses nothing', async () => {
  await playAll('aws', awsSchedules, (setup) => new AwsWorld(setup));
});

test('a schedule on AWS goes the same way each time', async () => {
  await playTwice(awsSchedules, (setup) => new AwsWorld(setup));
});
