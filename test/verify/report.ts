import { stripVTControlCharacters } from 'node:util';

/** One thing that was looked at, with what the stand-in does. */
export interface Finding {
  readonly about: string;
  readonly standIn: string;
  readonly here: string;
}

/** How one test of the suite ended. */
export interface Tested {
  readonly about: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly why: string;
}

/** How many tests of the suite ended how, and a finding for each that failed. */
export function findingsOf(tested: readonly Tested[]): { counts: string; findings: Finding[] } {
  const of = (wanted: Tested['state']): Tested[] => tested.filter(({ state }) => state === wanted);
  const [passed, failed] = [of('passed').length, of('failed')];
  const left = tested.length - passed - failed.length;
  return {
    counts: `${passed} tests passed, ${failed.length} failed, ${left} were left out`,
    findings: failed.map(({ about, why }) => ({ about, standIn: 'passes', here: firstLine(why) })),
  };
}

/** The findings that differ, as a table; a sentence if none does. */
export function table(findings: readonly Finding[]): string {
  const differing = findings.filter(({ standIn, here }) => standIn !== here);
  if (differing.length === 0) return 'Nothing differed from the stand-in.';
  const rows = differing.map(({ about, standIn, here }) => [about, standIn, here].map(cell).join(' | '));
  return ['| what | the stand-in | here |', '| --- | --- | --- |', ...rows.map((row) => `| ${row} |`)].join(
    '\n',
  );
}

function firstLine(message: string): string {
  const [line = ''] = stripVTControlCharacters(message).split('\n');
  return line.slice(0, 200);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
