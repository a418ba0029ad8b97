import type { HookEvent } from '../../../functions/wire/hook.ts';
import type { Kind } from './tried.ts';

/** What was found out by one hook. */
export interface Finding {
  readonly event: HookEvent;
  readonly hook: Kind;
  /** `note`: something to know that is not judged. */
  readonly verdict: 'ok' | 'fault' | 'note';
  /** The status of the answer, or why there was none. */
  readonly answered: string;
  /** How long the answer took, in milliseconds. */
  readonly ms: number;
  /** What is wrong or worth knowing, and how to mend it. Absent if all is as it should be. */
  readonly advice?: string;
}
