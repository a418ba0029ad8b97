import type { LogFields } from '../../functions/gateway/ports.ts';
import { RecordingLog } from '../support/recording-log.ts';

/** A log whose lines are heard as they are written. */
export class HeardLog extends RecordingLog {
  readonly #hear: (event: string, fields: LogFields) => void;

  constructor(hear: (event: string, fields: LogFields) => void) {
    super();
    this.#hear = hear;
  }

  override info(event: string, fields: LogFields): void {
    super.info(event, fields);
    this.#hear(event, fields);
  }

  override warn(event: string, fields: LogFields): void {
    super.warn(event, fields);
    this.#hear(event, fields);
  }

  override error(event: string, fields: LogFields): void {
    super.error(event, fields);
    this.#hear(event, fields);
  }
}
