import { kindOf, playPresence } from './random-play.ts';

/** Plays the schedules of so many seeds. Throws with the steps of the first that goes wrong, and how to play it again. */
export async function playMany(first: number, count: number): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    try {
      await playPresence(seed);
    } catch (error) {
      const trace: string[] = [];
      await playPresence(seed, trace).catch(() => undefined);
      const again = `PRESENCE_SEED=${seed} PRESENCE_SCHEDULES=1 npx vitest run test/gateway/presence/random.test.ts`;
      throw new Error(`${again} (${kindOf(seed)})\n${trace.join('\n')}\n${String(error)}`, { cause: error });
    }
  }
}
