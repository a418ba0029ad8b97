import type { Writable } from 'node:stream';
import type { Log, LogFields } from '../../functions/gateway/ports.ts';

type Level = 'info' | 'warn' | 'error';

/** Writes one line of text. */
type Line = (time: string, level: Level, event: string, fields: LogFields) => string;

/** A log to a stream: readable lines in a terminal, else one JSON object a line. */
export function createLog(stream: Writable & { readonly isTTY?: boolean }, now: () => number): Log {
  const line: Line = stream.isTTY === true ? readable : json;
  const warned = new Set<string>();
  const write = (level: Level, event: string, fields: LogFields): void => {
    stream.write(`${line(new Date(now()).toISOString(), level, event, fields)}\n`);
  };
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    warnOnce: (event, fields) => {
      if (warned.has(event)) return;
      warned.add(event);
      write('warn', event, fields);
    },
    error: (event, fields) => write('error', event, fields),
  };
}

function json(time: string, level: Level, event: string, fields: LogFields): string {
  return JSON.stringify({ time, level, event, ...fields });
}

function readable(time: string, level: Level, event: string, fields: LogFields): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  const told = facts.map(([name, value]) => `${name}=${plain(String(value))}`);
  return [time.slice(11, 19), level.padEnd(5), event, ...told].join(' ');
}

/** A value that a terminal shows as it is, or as a JSON string if it has spaces or could move the cursor. */
function plain(value: string): string {
  return /^[\x21-\x7e]+$/.test(value)
    ? value
    : JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
