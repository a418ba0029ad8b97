import { codeOf } from '../../functions/local/folder.ts';
import { plain } from '../../functions/local/log.ts';
import { exitCodeOf } from './exit.ts';

/** Prints what a command found: as one JSON document, or as lines for a person. */
export function print(json: true | undefined, document: object, lines: readonly string[]): void {
  write(json ? `${escaped(document)}\n` : lines.map((line) => `${line}\n`).join(''));
}

/** Rows in columns. What clients and apps chose can't move the cursor of a terminal; `show` writes a cell safely. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  show: (cell: string) => string = plain,
): string[] {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : show(cell))))];
  const widths = heads.map((_, at) => cells.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0));
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Says how to get the next page, if there is one. */
export function moreLines({ cursor }: { readonly cursor?: string }): string[] {
  return cursor === undefined ? [] : [`There may be more: --cursor ${plain(cursor)}`];
}

/** Writes to standard output, and ends the process if that fails later. */
export function write(text: string): void {
  if (process.stdout.listenerCount('error', unwritten) === 0) process.stdout.on('error', unwritten);
  process.stdout.write(text);
}

function unwritten(error: Error): void {
  const code = codeOf(error);
  // A reader that has seen enough, such as `head`, is no failure.
  if (code === 'EPIPE') process.exit();
  process.exit(exitCodeOf(new Error(`Standard output cannot be written (${code}).`)));
}

/** JSON for a terminal, too: `JSON.stringify` leaves U+009B as it is, which begins a control sequence. */
function escaped(document: object): string {
  const text = JSON.stringify(document, null, 2);
  return text.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.replace(/[\s\S]/g, escapedUnit),
  );
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
