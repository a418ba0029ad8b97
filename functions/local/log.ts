import { type Level, loggerOf } from '../gateway/log.ts';
import type { Log, LogFields } from '../gateway/ports.ts';
import type { LogOutput } from './log-output.ts';

/** Formats one line. */
type Line = (time: string, level: Level, event: string, fields: LogFields) => string;

/**
 * A log to an output: readable lines in a terminal, otherwise one JSON object per line. A line that can't be written is
 * dropped. Before the next line that can be, a line `log_lines_lost` says how many were dropped.
 */
export function createLog(output: LogOutput, now: () => number): Log {
  const line: Line = output.isTTY ? readable : json;
  let lost = 0;
  const put = (level: Level, event: string, fields: LogFields): boolean =>
    output.write(`${line(new Date(now()).toISOString(), level, event, fields)}\n`);
  return loggerOf((level, event, fields) => {
    if (lost > 0 && put('warn', 'log_lines_lost', { lines: lost })) lost = 0;
    if (lost > 0 || !put(level, event, fields)) lost += 1;
  });
}

function json(time: string, level: Level, event: string, fields: LogFields): string {
  return JSON.stringify({ time, level, event, ...fields });
}

function readable(time: string, level: Level, event: string, fields: LogFields): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  const shown = facts.map(([name, value]) => `${name}=${plain(String(value))}`);
  return [time.slice(11, 19), level.padEnd(5), event, ...shown].join(' ');
}

/** A value as it is, or as a JSON string if it has spaces or could move the cursor of a terminal. */
export function plain(value: string): string {
  return /^[\x21-\x7e]+$/.test(value)
    ? value
    : JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
