/** An expected outcome as a value: the result, or the error. */
export type Result<Value, Problem> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Problem };

/** A success. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** A failure. */
export function err<Problem>(why: Problem): { readonly ok: false; readonly error: Problem } {
  return { ok: false, error: why };
}
