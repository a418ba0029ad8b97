import { bounded, Warned } from '../gateway/log-bounds.ts';
import type { Log, LogFields } from '../gateway/ports.ts';
import type { LogOutput } from './log-output.ts';

type Level = 'info' | 'warn' | 'error';

/** Writes one line of text. */
type Line = (time: string, level: Level, event: string, fields: LogFields) => string;

/**
 * A log to an output: readable lines in a terminal, else one JSON object a line. Lines that can't be written are
 * dropped, and the next that can be is preceded by one that says how many.
 */
export function createLog(output: LogOutput, now: () => number): Log {
  const line: Line = output.isTTY ? readable : json;
  const warned = new Warned();
  let lost = 0;
  const put = (level: Level, event: string, fields: LogFields): boolean =>
    output.write(`${line(new Date(now()).toISOString(), level, event, bounded(fields))}\n`);
  const write = (level: Level, event: string, fields: LogFields): void => {
    if (lost > 0 && put('warn', 'log_lines_lost', { lines: lost })) lost = 0;
    if (lost > 0 || !put(level, event, fields)) lost += 1;
  };
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    warnOnce: (event, fields, of) => {
      if (warned.isFirst(event, of)) write('warn', event, fields);
    },
    error: (event, fields) => write('error', event, fields),
  };
}

function json(time: string, level: Level, event: string, fields: LogFields): string {
  return JSON.stringify({ time, level, event, ...fields });
}

function readable(time: string, level: Level, event: string, fields: LogFields): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  const shown = facts.map(([name, value]) => `${name}=${plain(String(value))}`);
  return [time.slice(11, 19), level.padEnd(5), event, ...shown].join(' ');
}

/** A value that a terminal shows as it is, or as a JSON string if it has spaces or could move the cursor. */
function plain(value: string): string {
  return /^[\x21-\x7e]+$/.test(value)
    ? value
    : JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
