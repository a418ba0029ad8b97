import fc from 'fast-check';
import { expect } from 'vitest';
import type { Command, Schedule, Setup } from './commands.ts';
import type { Ledger } from './ledger.ts';

/** How many schedules are played, and which. */
const { MODEL_RUNS = '2000', MODEL_SEED = '1', MODEL_PATH } = process.env;

/** A world in which commands are played. */
interface World<Extra> {
  readonly ledger: Ledger;
  /** Returns what is wrong at the end. */
  play(commands: readonly (Command | Extra)[]): Promise<string[]>;
}

/** Plays random schedules. Throws for the first one with something wrong, with the shortest like it. */
export async function playAll<Extra>(
  name: 'aws' | 'local' | 'queued',
  schedules: fc.Arbitrary<Schedule<Extra>>,
  worldOf: (setup: Setup) => World<Extra>,
): Promise<void> {
  const property = fc.asyncProperty(schedules, async ({ commands, ...setup }) => {
    const wrongs = await worldOf(setup).play(commands);
    if (wrongs.length > 0) throw new Error(wrongs.join('\n'));
  });
  const path = MODEL_PATH === undefined ? {} : { path: MODEL_PATH };
  const began = performance.now();
  const found = await fc.check(property, { numRuns: Number(MODEL_RUNS), seed: Number(MODEL_SEED), ...path });
  const perSecond = Math.round((found.numRuns / (performance.now() - began)) * 1_000);
  process.stdout.write(`${name}: ${found.numRuns} schedules of seed ${MODEL_SEED}, ${perSecond} a second\n`);
  if (!found.failed) return;
  const again = `MODEL_SEED=${found.seed} MODEL_PATH=${found.counterexamplePath} npm run test:model -- ${name}`;
  const report = await fc.asyncDefaultReportMessage(found);
  throw new Error(`${String(found.errorInstance)}\nReplay it with: ${again}\n${report}`);
}

/** Plays some schedules twice. The app must see the same, at the same time. */
export async function playTwice<Extra>(
  schedules: fc.Arbitrary<Schedule<Extra>>,
  worldOf: (setup: Setup) => World<Extra>,
): Promise<void> {
  const seenIn = async ({ commands, ...setup }: Schedule<Extra>) => {
    const world = worldOf(setup);
    await world.play(commands);
    return world.ledger.arrivals.map(({ by: _, ...arrival }) => arrival);
  };
  let hooks = 0;
  for (const schedule of fc.sample(schedules, { numRuns: 50, seed: Number(MODEL_SEED) })) {
    const seen = await seenIn(schedule);
    hooks += seen.length;
    expect(await seenIn(schedule)).toEqual(seen);
  }
  expect(hooks, 'hooks that the app got').toBeGreaterThan(100);
}
