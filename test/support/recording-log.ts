import { Warned } from '../../functions/gateway/log.ts';
import type { Log, LogFields } from '../../functions/gateway/ports.ts';

/** A logged line. */
export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

/** A log that records its lines. */
export class RecordingLog implements Log {
  readonly lines: Line[] = [];
  readonly #warned = new Warned();

  info(event: string, fields: LogFields): void {
    this.lines.push({ level: 'info', event, fields });
  }

  warn(event: string, fields: LogFields): void {
    this.lines.push({ level: 'warn', event, fields });
  }

  warnOnce(event: string, fields: LogFields, of?: string | number): void {
    if (this.#warned.isFirst(event, of)) this.warn(event, fields);
  }

  error(event: string, fields: LogFields): void {
    this.lines.push({ level: 'error', event, fields });
  }

  /** The lines of an event. */
  of(event: string): Line[] {
    return this.lines.filter((line) => line.event === event);
  }
}
