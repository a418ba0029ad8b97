import type { Table, Target } from '../bench.ts';
import { median } from '../measure/median.ts';
import type { Standing } from '../measure/rounds.ts';
import type { Measured } from '../measure/station.ts';
import { percent, whole } from './markdown.ts';

/** The standings of subjects as a table. `thing` names what was counted, in singular and plural. */
export function standingsTable(
  title: string,
  [thing, things]: readonly [string, string],
  baseline: string,
  standings: readonly Standing[],
): Table {
  return {
    title,
    head: [
      '',
      `${things}/s`,
      `CPU µs per ${thing}`,
      'of it kernel',
      `rate ÷ ${baseline}`,
      'its CPU ÷ own',
      'own core',
      'load',
      'app',
    ],
    rows: standings.map((one) => [
      one.name,
      whole(one.rate),
      one.cpuUs.toFixed(1),
      percent(one.kernelPart),
      one.rateRatio.toFixed(2),
      one.cpuRatio.toFixed(2),
      percent(one.subjectShare),
      percent(one.loadShare),
      percent(one.appShare),
    ]),
  };
}

/** The standing of one subject. Throws if it was not measured. */
export function standingOf(name: string, standings: readonly Standing[]): Standing {
  const found = standings.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not measured.`);
  return found;
}

/** The target for the CPU of a gateway relative to that of an earlier version, if that was measured too. */
export function besideBefore(
  what: string,
  standings: readonly Standing[],
  max: number,
  own = 'gateway',
): Target[] {
  return beside(what, standings, [own, 'before'], { cpuMax: max });
}

/** Targets for the rate and the CPU of a subject, divided by those of another. None if the other was not measured. */
export function beside(
  what: string,
  standings: readonly Standing[],
  [own, other]: readonly [own: string, other: string],
  { rateMin, cpuMax }: { readonly rateMin?: number; readonly cpuMax?: number },
): Target[] {
  const ratios = ratiosOf(own, other, standings);
  if (ratios === undefined) return [];
  return [
    ...(rateMin === undefined
      ? []
      : [{ what: `${what}, rate ÷ ${other}`, measured: ratios.rate, min: rateMin }]),
    ...(cpuMax === undefined ? [] : [{ what: `${what}, CPU ÷ ${other}`, measured: ratios.cpu, max: cpuMax }]),
  ];
}

/** The rate and the CPU of a subject divided by those of another. */
export interface Ratios {
  readonly rate: number;
  readonly cpu: number;
}

/** The medians of the ratios within a round. Undefined if the other was not measured. */
export function ratiosOf(own: string, other: string, standings: readonly Standing[]): Ratios | undefined {
  const others = standings.find(({ name }) => name === other)?.rounds;
  if (others === undefined) return undefined;
  const { rounds } = standingOf(own, standings);
  const ratio = (of: (measured: Measured) => number): number =>
    median(rounds.map((measured, round) => of(measured) / of(others[round] ?? measured)));
  return { rate: ratio(({ rate }) => rate), cpu: ratio(({ cpuUs }) => cpuUs) };
}
