import { err, ok, type Result } from '../wire/result.ts';

/** Why headers are not valid on the wire. Node.js uses the same codes. */
export type FieldError = 'ERR_INVALID_HTTP_TOKEN' | 'ERR_INVALID_CHAR';

/** A name (RFC 9110 section 5.6.2), except the headers that the pool writes itself. */
const token = /^(?!(?:connection|content-length|transfer-encoding|host)$)[!#$%&'*+.^`|~\w-]+$/i;
/** The characters that a value can't contain. RFC 9110 section 5.5. */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;

/** Whether a text, with one character per byte, can be the value of a header. */
export function isFieldValue(value: string): boolean {
  return !unwritable.test(value);
}

/**
 * Writes headers as lines for the wire, in latin1. Refuses Host, Connection and the headers that frame the body, and
 * anything that could end a line early.
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

/** A valid name, as written on the wire, and its last valid value: many values are the same in every request. */
interface Field {
  readonly name: string;
  written: string;
}

/** A cache: the same few names are written with nearly every request. */
const fields = new Map<string, Field>();
const maxFields = 256;

function newField(name: string): Field | undefined {
  if (!token.test(name)) return undefined;
  const field = { name: `${name}: `, written: '' };
  if (fields.size < maxFields) fields.set(name, field);
  return field;
}

/** Headers that many requests share, checked and written once. */
export class CommonFields {
  readonly #lines: string;

  /** Throws if a header is not valid. The error does not contain its value. */
  constructor(headers: Readonly<Record<string, string>>) {
    const written = writeFields(headers);
    if (!written.ok) throw new Error(`A header can't be written: ${written.error}.`);
    this.#lines = written.value;
  }

  get lines(): string {
    return this.#lines;
  }
}
