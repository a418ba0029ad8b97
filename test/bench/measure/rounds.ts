import { median } from './median.ts';
import type { Measured, Station } from './station.ts';

/** The medians of a subject over all rounds, and its ratios to the baseline, each computed within a round. */
export interface Standing {
  readonly name: string;
  readonly rate: number;
  readonly cpuUs: number;
  readonly kernelPart: number;
  /** Its rate divided by the baseline's. */
  readonly rateRatio: number;
  /** The baseline's CPU per thing divided by its own. */
  readonly cpuRatio: number;
  readonly subjectShare: number;
  readonly loadShare: number;
  readonly appShare: number;
  /** What was measured, round by round. */
  readonly rounds: readonly Measured[];
}

/**
 * Measures all stations in turn, round after round, since a machine's speed changes from one minute to the next. The
 * results are in the order of the stations, and within each in the order of the rounds.
 */
export async function measureInTurn(
  stations: readonly Station[],
  rounds: number,
  measure: (station: Station) => Promise<Measured>,
): Promise<readonly (readonly Measured[])[]> {
  const measured = stations.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, station] of stations.entries()) measured[at]?.push(await measure(station));
  }
  return measured;
}

/** Measures all stations in turn. The standings are in the order of the stations. */
export async function inRounds(
  stations: readonly Station[],
  baseline: string,
  rounds: number,
  measure: (station: Station) => Promise<Measured>,
): Promise<Standing[]> {
  const measured = await measureInTurn(stations, rounds, measure);
  const base = measured[stations.findIndex(({ name }) => name === baseline)] ?? [];
  return stations.map(({ name }, at) => standing(name, measured[at] ?? [], base));
}

function standing(name: string, own: readonly Measured[], base: readonly Measured[]): Standing {
  const middle = (of: (measured: Measured) => number): number => median(own.map(of));
  const ratio = (of: (own: Measured, base: Measured) => number): number =>
    median(own.map((measured, round) => of(measured, base[round] ?? measured)));
  return {
    name,
    rate: middle(({ rate }) => rate),
    cpuUs: middle(({ cpuUs }) => cpuUs),
    kernelPart: middle(({ kernelPart }) => kernelPart),
    rateRatio: ratio((mine, theirs) => mine.rate / theirs.rate),
    cpuRatio: ratio((mine, theirs) => theirs.cpuUs / mine.cpuUs),
    subjectShare: middle(({ subjectShare }) => subjectShare),
    loadShare: middle(({ loadShare }) => loadShare),
    appShare: middle(({ appShare }) => appShare),
    rounds: own,
  };
}
