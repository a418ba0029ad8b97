import type { Section, Table, Target } from '../bench.ts';

/** A section as Markdown: its tables, its targets, its notes. */
export function markdown({ tables, targets, notes = [] }: Section): string {
  return [...tables.map(tableText), ...targetsText(targets), ...notes].join('\n\n');
}

function tableText({ title, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [`**${title}**`, '', line(head), rule, ...rows.map(line)].join('\n');
}

function targetsText(targets: readonly Target[]): string[] {
  if (targets.length === 0) return [];
  return [targets.map(targetText).join('\n')];
}

function targetText({ what, measured, min, max }: Target): string {
  const isMet = (min === undefined || measured >= min) && (max === undefined || measured <= max);
  const bound = min === undefined ? `at most ${max}` : `at least ${min}`;
  return `- ${what}: ${bound}; measured ${precise(measured)}: **${isMet ? 'met' : 'missed'}**`;
}

/** A number as it is told: whole if it is large, else with two digits behind the point. */
export function precise(value: number): string {
  return Math.abs(value) >= 100 ? whole(value) : value.toFixed(2);
}

/** A whole number with its thousands apart. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A part of one core, in per cent. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
