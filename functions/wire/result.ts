/** An expected outcome as a value: what was asked for, or why not. */
export type Result<Value, Fault> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

/** The good outcome. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** The other outcome. */
export function fault<Fault>(why: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: why };
}
