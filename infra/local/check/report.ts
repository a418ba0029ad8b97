import { table } from '../print.ts';
import type { Finding } from './finding.ts';
import type { Run } from './run-check.ts';
import type { Kind } from './tried.ts';

/** What a check found out. */
export interface Report {
  readonly app: string;
  readonly faults: number;
  /** Whether every hook was posted that should be. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
}

/** The lines for a person: a row for each hook, and what there is to mend or to know, each once. */
export function linesOf({ app, faults, findings }: Report, cut: Run['cut']): string[] {
  const rows = findings.map(({ verdict, event, hook, answered, ms }) => {
    return [verdict === 'fault' ? 'FAULT' : verdict, event, names[hook], answered, `${ms} ms`];
  });
  const advice = (['fault', 'note'] as const).flatMap((verdict) => {
    const said = findings.flatMap((one) => (one.verdict === verdict && one.advice ? [one.advice] : []));
    return [...new Set(said)].map((text) => `${verdict === 'fault' ? 'Mend' : 'Note'}: ${shown(text)}`);
  });
  const end = cut === undefined ? summary(app, faults) : cuts[cut];
  return [...table(['', 'EVENT', 'HOOK', 'ANSWER', 'TIME'], rows, shown), '', ...advice, end];
}

const names: Readonly<Record<Kind, string>> = {
  good: 'good',
  repeated: 'repeated',
  rotated: 'with two signatures',
  large: 'of 131072 bytes',
  unsigned: 'unsigned',
  forged: 'with another secret',
  altered: 'changed after signing',
  late: 'from 10 minutes ago',
  early: 'from 10 minutes ahead',
  no_time: 'with a garbled timestamp',
  no_signature: 'with a garbled signature',
  no_body: 'with a garbled body',
  elsewhere: 'for another URL',
};

const cuts = {
  away: 'The check was cut short: your app can not be reached.',
  silent: 'The check was cut short: your app did not answer in time, twice.',
  interrupted: 'The check was interrupted.',
} as const;

function summary(app: string, faults: number): string {
  if (faults === 0) return `No fault was found in ${app}.`;
  return `${faults} ${faults === 1 ? 'hook' : 'hooks'} went wrong at ${app}.`;
}

/** A text in which nothing that the app wrote moves the cursor of a terminal. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
