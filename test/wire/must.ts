import type { Result } from '../../functions/wire/result.ts';

/** The value of a result that a test counts on. */
export function must<Value, Fault>(result: Result<Value, Fault>): Value {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}
