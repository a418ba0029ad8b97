import { fault, ok, type Result } from '../wire/result.ts';

declare const brand: unique symbol;

/** Headers as they stand on the wire, a line each; nothing in them ends its line too early. */
export type Fields = string & { readonly [brand]: 'Fields' };

export const noFields = '' as Fields;

/** Why headers can't stand on the wire; Node.js has the same names for it. */
export type FieldFault = 'ERR_INVALID_HTTP_TOKEN' | 'ERR_INVALID_CHAR';

/** A name (RFC 9110 section 5.6.2), but for those of the headers that are written with each request anyway. */
const name = /^(?!(?:connection|content-length|transfer-encoding|host)$)[!#$%&'*+.^`|~\w-]+$/i;
/** What a value can't have. RFC 9110 section 5.5. */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;

/** Writes headers, in latin1: all of them but for Host, Connection and what says how long the body is. */
export function writeFields(headers: Readonly<Record<string, string>>): Result<Fields, FieldFault> {
  let lines = '';
  for (const written in headers) {
    const value = headers[written] ?? '';
    if (!name.test(written)) return fault('ERR_INVALID_HTTP_TOKEN');
    if (unwritable.test(value)) return fault('ERR_INVALID_CHAR');
    lines += `${written}: ${value}\r\n`;
  }
  return ok(lines as Fields);
}
