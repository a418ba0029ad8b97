import { plain } from '../../functions/local/log.ts';

/** Prints what a command found: as one JSON document, or as lines for a person. */
export function print(json: true | undefined, document: object, lines: readonly string[]): void {
  process.stdout.write(
    json ? `${JSON.stringify(document, null, 2)}\n` : lines.map((line) => `${line}\n`).join(''),
  );
}

/** Rows in columns. What clients and apps chose can't move the cursor of a terminal. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : plain(cell))))];
  const widths = heads.map((_, at) => cells.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0));
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
