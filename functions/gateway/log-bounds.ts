import type { LogFields } from './ports.ts';

/** How many characters of a value a line has: what an app or a client wrote is not the log's to keep. */
const maxCharacters = 2_048;

/** What is warned of once is remembered for so many cases; more are not warned of. */
const maxCases = 1_000;

/** The fields of a line with long texts cut; a text that was cut says how long it was. */
export function bounded(fields: LogFields): LogFields {
  for (const name in fields) if (isLong(fields[name])) return shortened(fields);
  return fields;
}

/** What a log has warned of once. */
export class Warned {
  readonly #cases = new Set<string>();

  /** Whether this is the first time for an event, or for one case of it. */
  isFirst(event: string, of: string | number = ''): boolean {
    const key = `${event} ${of}`;
    if (this.#cases.has(key) || this.#cases.size >= maxCases) return false;
    this.#cases.add(key);
    return true;
  }
}

function isLong(value: LogFields[string]): value is string {
  return typeof value === 'string' && value.length > maxCharacters;
}

function shortened(fields: LogFields): LogFields {
  const cut = Object.entries(fields).map(([name, value]) => [name, isLong(value) ? shorten(value) : value]);
  return Object.fromEntries(cut);
}

function shorten(text: string): string {
  // Half of a surrogate pair at the cut would be no text.
  const kept = text.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, '');
  return `${kept}… (${text.length} characters)`;
}
