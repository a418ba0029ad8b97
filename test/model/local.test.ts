import fc from 'fast-check';
import { test } from 'vitest';
import { type Command, longestDownMs, schedules } from './commands.ts';
import { LocalWorld, type Stop } from './local-world.ts';
import { playAll, playTwice } from './play-all.ts';

const stop: fc.WeightedArbitrary<Stop> = {
  weight: 2,
  arbitrary: fc.record({
    do: fc.constant('stop' as const),
    withinMs: fc.constantFrom(0, 20, 5_000),
    downMs: fc.constantFrom(1, 5_000, 400_000, longestDownMs),
  }),
};

/** Long enough for the longest time that the gateway is down. */
const night: fc.WeightedArbitrary<Command> = {
  weight: 1,
  arbitrary: fc.constant({ do: 'pass', ms: longestDownMs }),
};

test('a gateway in one process that dies and starts again loses and confuses nothing', async () => {
  await playAll('local', schedules<Stop | Command>([stop, night]), (setup) => new LocalWorld(setup));
});

test('a schedule on one machine goes the same way each time', async () => {
  await playTwice(schedules<Stop | Command>([stop, night]), (setup) => new LocalWorld(setup));
});
