import type { GenericSchema } from 'valibot';
import { limits } from '../../wire/limits.ts';
import { type Problem, problem } from '../../wire/problems.ts';
import { err, ok, type Result } from '../../wire/result.ts';
import { readBy } from '../../wire/schema.ts';
import { utf8Text } from '../../wire/utf8-text.ts';
import type { ApiRequest } from './call.ts';
import { isTextWhenUnescaped } from './form-escapes.ts';

const json = 'application/json';

/** How the fields of a form, which are text, become the values that a schema expects. */
export interface FormShape {
  /** Fields that are a list even if they occur once. */
  readonly lists?: readonly string[];
  readonly numbers?: readonly string[];
}

/**
 * Reads the body of a call, JSON or a form, by its schema. The error is a problem that names the wrong field, or says
 * why the body can't be read.
 */
export async function readBody<Output>(
  request: ApiRequest,
  schema: GenericSchema<unknown, Output>,
  shape: FormShape = {},
): Promise<Result<Output, Problem>> {
  const bytes = await request.body();
  if (!bytes.ok) return bytes;
  const content = parse(bytes.value, request.contentType, shape);
  if (!content.ok) return content;
  const read = readBy(schema, content.value);
  if (read.ok) return read;
  const { code, ...details } = read.error;
  return err(problem(code, details));
}

/** Reads the query of a call by its schema. The error is a problem that names the wrong field. */
export function readQuery<Output>(
  { query }: ApiRequest,
  schema: GenericSchema<unknown, Output>,
): Result<Output, Problem> {
  if (!isTextWhenUnescaped(query)) return malformed('The query has escapes that are not UTF-8.');
  const read = readBy(schema, readFields(new URLSearchParams(query)));
  return read.ok ? read : err(problem(read.error.code, read.error));
}

function parse(bytes: Uint8Array, contentType: string, shape: FormShape): Result<unknown, Problem> {
  const text = utf8Text(bytes);
  if (text === undefined) return malformed('The body is not UTF-8.');
  const type = mediaTypeOf(contentType);
  if (type === json) return parseJson(text);
  if (type !== 'application/x-www-form-urlencoded') {
    const detail =
      'Send application/json or application/x-www-form-urlencoded, and say which in Content-Type.';
    return err(problem('unsupported_media_type', { detail }));
  }
  if (text.trimStart().startsWith('{')) {
    return malformed(
      'The body is JSON, but Content-Type says that it is a form. Send "Content-Type: application/json".',
    );
  }
  if (!isTextWhenUnescaped(text)) return malformed('The form has escapes that are not UTF-8.');
  if (hasTooManyFields(text)) {
    const detail = `A form has at most ${limits.formFields} fields; JSON has no such limit.`;
    return err(problem('malformed_body', { detail, limit: limits.formFields }));
  }
  return ok(readFields(new URLSearchParams(text), shape));
}

/** The media type in a Content-Type, in lower case and without its parameters. */
export function mediaTypeOf(contentType: string): string {
  return contentType === json ? json : (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function parseJson(text: string): Result<unknown, Problem> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return malformed('The body is not JSON.');
  }
}

/** The fields of a form or a query. A name that occurs more than once becomes a list, and the schema judges it. */
export function readFields(
  form: URLSearchParams,
  { lists = [], numbers = [] }: FormShape = {},
): Record<string, unknown> {
  const read = new Map<string, (string | number)[]>();
  for (const [name, text] of form) {
    const value = numbers.includes(name) ? number(text) : text;
    const values = read.get(name);
    if (values === undefined) read.set(name, [value]);
    else values.push(value);
  }
  const fields = [...read].map(([name, values]) => {
    return [name, values.length > 1 || lists.includes(name) ? values : values[0]];
  });
  return Object.fromEntries(fields);
}

/** Whether a form has more fields than any call takes. It stops counting there. */
function hasTooManyFields(text: string): boolean {
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0 && fields <= limits.formFields; at = text.indexOf('&', at + 1))
    fields += 1;
  return fields > limits.formFields;
}

function number(text: string): number | string {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function malformed(detail: string): Result<never, Problem> {
  return err(problem('malformed_body', { detail }));
}
