import type { Log, LogFields } from '../gateway/ports.ts';

/** A log that adds the request's id to every line. A class, since every call of the API makes one. */
export class RequestLog implements Log {
  readonly #log: Log;
  readonly #request: string;

  constructor(log: Log, request: string) {
    this.#log = log;
    this.#request = request;
  }

  info(event: string, fields: LogFields): void {
    this.#log.info(event, { request: this.#request, ...fields });
  }

  warn(event: string, fields: LogFields): void {
    this.#log.warn(event, { request: this.#request, ...fields });
  }

  warnOnce(event: string, fields: LogFields, of?: string | number): void {
    this.#log.warnOnce(event, { request: this.#request, ...fields }, of);
  }

  error(event: string, fields: LogFields): void {
    this.#log.error(event, { request: this.#request, ...fields });
  }
}
