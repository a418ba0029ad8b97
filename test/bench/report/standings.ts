import type { Table, Target } from '../bench.ts';
import type { Standing } from '../measure/rounds.ts';
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
  const before = standings.find(({ name }) => name === 'before');
  if (before === undefined) return [];
  const measured = before.cpuRatio / standingOf(own, standings).cpuRatio;
  return [{ what: `${what}, CPU ÷ before`, measured, max }];
}
