import type { Log, LogFields } from './ports.ts';

/** The severity of a line. */
export type Level = 'info' | 'warn' | 'error';

/** The most characters of a value in a line: the log does not keep what an app or a client wrote. */
const maxCharacters = 2_048;

/** How many cases `warnOnce` remembers; it drops warnings about any further case. */
const maxCases = 1_000;

/** A log that writes each line by `write`. It shortens long values and drops repeated calls of `warnOnce`. */
export function loggerOf(write: (level: Level, event: string, fields: LogFields) => void): Log {
  const warned = new Warned();
  return {
    info: (event, fields) => write('info', event, bounded(fields)),
    warn: (event, fields) => write('warn', event, bounded(fields)),
    warnOnce: (event, fields, of) => {
      if (warned.isFirst(event, of)) write('warn', event, bounded(fields));
    },
    error: (event, fields) => write('error', event, bounded(fields)),
  };
}

/** The cases that a log has warned about. */
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

/** The fields of a line with long texts cut; a text that was cut ends with its length. */
function bounded(fields: LogFields): LogFields {
  for (const name in fields) if (isLong(fields[name])) return shortened(fields);
  return fields;
}

function isLong(value: LogFields[string]): value is string {
  return typeof value === 'string' && value.length > maxCharacters;
}

function shortened(fields: LogFields): LogFields {
  const cut = Object.entries(fields).map(([name, value]) => [name, isLong(value) ? shorten(value) : value]);
  return Object.fromEntries(cut);
}

function shorten(text: string): string {
  // Half of a surrogate pair at the cut would not be text.
  const kept = text.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, '');
  return `${kept}… (${text.length} characters)`;
}
