import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** What docs/aws.md says. */
export const awsPage = readFileSync(new URL('../../docs/aws.md', import.meta.url), 'utf8');

/**
 * What stands under a heading of the README or another page, up to the next one of its level or above. Throws if there
 * is no such heading.
 */
export function section(title: string, page = text): string {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === title);
  if (from < 0) throw new Error(`There is no heading "${title}".`);
  const level = (lines[from] ?? '').indexOf(' ');
  const isEnd = (line: string): boolean => /^#+ /.test(line) && line.indexOf(' ') <= level;
  const length = lines.slice(from + 1).findIndex(isEnd);
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length).join('\n');
}

/** The code of a section's fences in one language. */
export function fences(title: string, language: string): string[] {
  const found = section(title).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].filter(([, name]) => name === language).map(([, , code = '']) => code);
}

/** The fence of the whole README whose first line names a file. */
export function fileNamed(name: string): string {
  const found = [...text.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  const file = found.find((code) => /^(?:#|\/\/) (.*)$/m.exec(code)?.[1] === name);
  if (file === undefined) throw new Error(`The README has no snippet that begins with the name ${name}.`);
  return file;
}

/** The rows of a section's table whose first column has this head, each a list of cells without their backticks. */
export function rows(title: string, head: string, page = text): string[][] {
  const tables = section(title, page)
    .split(/\n{2,}/)
    .filter((block) => block.trim().startsWith('|'))
    .map((block) => block.trim().split('\n').map(cells));
  const table = tables.find(([first]) => first?.[0] === head);
  if (table === undefined) throw new Error(`"${title}" has no table that begins with "${head}".`);
  return table.slice(2);
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\||\|$/g, '');
  return inner.split('|').map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}
