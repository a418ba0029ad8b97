import type { Log, LogFields } from '../../gateway/ports.ts';

/** A log that counts its errors, and what they say is lost, so that the metrics say the same as the log. */
export class CountedLog implements Log {
  /** How many lines were errors. */
  errors = 0;
  /** How many hooks and messages were lost. */
  lost = 0;
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A log as it is if it counts already, so that what was logged beside the gateway counts, too. */
  static of(log: Log): CountedLog {
    return log instanceof CountedLog ? log : new CountedLog(log);
  }

  info(event: string, fields: LogFields): void {
    this.#log.info(event, fields);
  }

  warn(event: string, fields: LogFields): void {
    this.#log.warn(event, fields);
  }

  warnOnce(event: string, fields: LogFields, of?: string | number): void {
    this.#log.warnOnce(event, fields, of);
  }

  error(event: string, fields: LogFields): void {
    this.errors += 1;
    if (event === 'hook_lost') this.lost += 1;
    if (event === 'messages_lost') this.lost += Number(fields['count']);
    this.#log.error(event, fields);
  }
}
