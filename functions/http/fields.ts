import { err, ok, type Result } from '../wire/result.ts';

/** Why headers can't stand on the wire; Node.js has the same names for it. */
export type FieldError = 'ERR_INVALID_HTTP_TOKEN' | 'ERR_INVALID_CHAR';

/** A name (RFC 9110 section 5.6.2), but for those of the headers that are written with each request anyway. */
const token = /^(?!(?:connection|content-length|transfer-encoding|host)$)[!#$%&'*+.^`|~\w-]+$/i;
/** What a value can't have. RFC 9110 section 5.5. */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;

/** Whether a text, a character for each byte, can be the value of a header. */
export function isFieldValue(value: string): boolean {
  return !unwritable.test(value);
}

/**
 * Writes headers as they stand on the wire, a line each, in latin1: all of them but for Host, Connection and what says
 * how long the body is. Nothing in them ends its line too early.
 */
export function writeFields(headers: Readonly<Record<string, string>>): Result<string, FieldError> {
  let lines = '';
  for (const name in headers) {
    const value = headers[name] ?? '';
    const field = fields.get(name) ?? newField(name);
    if (field === undefined) return err('ERR_INVALID_HTTP_TOKEN');
    if (value !== field.written) {
      if (!isFieldValue(value)) return err('ERR_INVALID_CHAR');
      field.written = value;
    }
    lines += field.name + value + lineEnd;
  }
  return ok(lines);
}

const lineEnd = '\r\n';

/** A name that is good, as it stands on the wire, and the last value that was: many are the same in each request. */
interface Field {
  readonly name: string;
  written: string;
}

/** Few names are ever written, and each with nearly every request. */
const fields = new Map<string, Field>();
const maxFields = 256;

function newField(name: string): Field | undefined {
  if (!token.test(name)) return undefined;
  const field = { name: `${name}: `, written: '' };
  if (fields.size < maxFields) fields.set(name, field);
  return field;
}

/** Headers that many requests have in common: checked and written once. */
export class CommonFields {
  readonly #lines: string;

  /** Throws if one can't stand on the wire; what it says is not repeated. */
  constructor(headers: Readonly<Record<string, string>>) {
    const written = writeFields(headers);
    if (!written.ok) throw new Error(`A header can't be written: ${written.error}.`);
    this.#lines = written.value;
  }

  get lines(): string {
    return this.#lines;
  }
}
