import { expect, test } from 'vitest';
import { playMany } from './play-many.ts';

const { PRESENCE_SCHEDULES = '10000', PRESENCE_SEED = '1' } = process.env;
const schedules = Number(PRESENCE_SCHEDULES);

/** On a machine that has nothing else to do, 10,000 schedules take 12 seconds. */
const timeout = 60_000 + schedules * 20;

test(
  'whatever comes and goes, dies and fails, the app is told who is there, in sequence',
  async () => {
    expect(schedules, 'schedules').toBeGreaterThan(0);
    await playMany(Number(PRESENCE_SEED), schedules);
  },
  timeout,
);
