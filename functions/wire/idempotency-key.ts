import { limits } from './limits.ts';
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;

/** The key by which a repeated call is known again, from the header `Idempotency-Key`. */
export type IdempotencyKey = string & { readonly [brand]: 'IdempotencyKey' };

/** RFC 9651 section 3.3.3: in a string, a quote and a backslash are escaped. */
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const printable = /^[\x20-\x7e]+$/;

/**
 * Parses the value of `Idempotency-Key`. A value in quotes is a string of a structured field, and stands for the text
 * inside (draft-ietf-httpapi-idempotency-key-header section 2.1). Bare text stands for itself, since most callers write
 * it so.
 */
export function parseIdempotencyKey(value: string): Result<IdempotencyKey, string> {
  const key = value.startsWith('"') ? quoted.exec(value)?.[1]?.replace(/\\(.)/g, '$1') : value;
  if (key === undefined) return err('must end with the quote that it begins with');
  if (key === '' || key.length > limits.idempotencyKeyLength || !printable.test(key) || key.trim() !== key)
    return err(
      `must be 1 to ${limits.idempotencyKeyLength} printable ASCII characters without a space at an end`,
    );
  return ok(key as IdempotencyKey);
}
