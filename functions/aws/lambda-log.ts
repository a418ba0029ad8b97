import type { Log, LogFields } from '../gateway/ports.ts';

/** A log of one JSON object a line on standard output, which CloudWatch Logs keeps. */
export function lambdaLog(): Log {
  const warned = new Set<string>();
  const write = (level: string, event: string, fields: LogFields): void => {
    process.stdout.write(`${JSON.stringify({ level, event, ...fields })}\n`);
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
