import type { Section, Table, Target } from '../bench.ts';

/** A section as Markdown: its tables, targets and notes. */
export function markdown({ tables, targets, notes = [] }: Section): string {
  return [...tables.map(tableText), ...targetsText(targets), ...notes].join('\n\n');
}

/** A table as Markdown. */
export function tableText({ title, head, rows }: Table): string {
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

/** Whether a target is met. */
export function isMet({ measured, min, max }: Target): boolean {
  return (min === undefined || measured >= min) && (max === undefined || measured <= max);
}

function targetText(target: Target): string {
  const { what, measured, min, max } = target;
  const bound = min === undefined ? `at most ${max}` : `at least ${min}`;
  return `- ${what}: ${bound}; measured ${precise(measured)}: **${isMet(target) ? 'met' : 'missed'}**`;
}

/** Formats a number: whole if it is large, else with two decimals. */
export function precise(value: number): string {
  return Math.abs(value) >= 100 ? whole(value) : value.toFixed(2);
}

/** Formats a whole number with thousands separators. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Formats a share of one core as a percentage. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
