import { setTimeout as sleep } from 'node:timers/promises';
import type { Effort, Section, Table, Target } from './bench.ts';
import { inRounds, type Standing } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { besideBefore, standingsTable } from './report/standings.ts';
import type { AppAt, Subject } from './subjects/subject.ts';

/** A message of 128 bytes. */
export const text128 = 'sockethook '.repeat(12).slice(0, 128);

/** How many clients there are, and how many messages each has in flight. */
const shapes = [
  { clients: 1, inFlight: 1 },
  { clients: 50, inFlight: 1 },
  { clients: 200, inFlight: 4 },
] as const;

/** An echo to measure: the subjects, how the app answers, and the targets. */
export interface Echo {
  readonly subjects: readonly Subject[];
  readonly answersBy: AppAt['answersBy'];
  /** The targets of a shape, such as `50x1`. */
  targetsOf(shape: string, standings: readonly Standing[]): readonly Target[];
}

/** Measures an echo in all shapes: a message, its hook, the app's answer, back to the client. */
export function measureEcho(effort: Effort, { subjects, answersBy, targetsOf }: Echo): Promise<Section> {
  return withStations(subjects, answersBy, async (all) => {
    const tables: Table[] = [];
    const targets: Target[] = [];
    await warm(all, effort.warmMs);
    for (const { clients, inFlight } of shapes) {
      const shape = `${clients}x${inFlight}`;
      const stations = all.filter(({ maxInFlight }) => maxInFlight >= inFlight);
      for (const station of stations) await station.open(clients);
      const standings = await inRounds(stations, 'forwarder', effort.rounds, (station) =>
        echo(station, inFlight, effort.ms),
      );
      for (const station of stations) await station.close();
      tables.push(
        standingsTable(`${shape} (clients x in flight)`, ['message', 'messages'], 'forwarder', standings),
      );
      targets.push(...targetsOf(shape, standings), ...besideBefore(shape, standings, 1.03));
    }
    return { tables, targets };
  });
}

/** Sends for a while, since Node.js compiles what runs often. */
export async function warm(stations: readonly Station[], ms: number): Promise<void> {
  for (const station of stations) {
    await station.open(50);
    await echo(station, 1, ms);
    await station.close();
  }
}

/** Measures messages that come back, on the clients that are open. */
export async function echo(station: Station, inFlight: number, ms: number) {
  await station.drive({ text: text128, inFlight });
  await sleep(ms / 5);
  const measured = await station.measure(() => sleep(ms));
  await station.rest();
  return measured;
}
