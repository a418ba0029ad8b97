/** An expected outcome as a value: what was asked for, or why not. */
export type Result<Value, Problem> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Problem };

/** The good outcome. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** The other outcome. */
export function err<Problem>(why: Problem): { readonly ok: false; readonly error: Problem } {
  return { ok: false, error: why };
}
