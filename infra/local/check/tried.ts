import type { Answer, AppResponse } from '../../../functions/wire/answer.ts';
import type { HookEvent } from '../../../functions/wire/hook.ts';
import { type Spoiler, spoilers } from './spoil.ts';

/** What kind of hook was posted: one as the gateway posts it, in one of four ways, or a spoiled one. */
export type Kind = 'good' | 'rotated' | 'repeated' | 'large' | Spoiler;

/** One hook, and what the app made of it. */
export interface Tried {
  readonly event: HookEvent;
  readonly kind: Kind;
  readonly response: AppResponse;
  /** What the response means to a gateway. */
  readonly answer: Answer;
  /** From posting the hook to the end of the answer, in whole milliseconds. */
  readonly ms: number;
}

/** Whether the app took the hook. */
export function isTaken({ answer }: Tried): boolean {
  return answer.kind === 'accepted' || answer.kind === 'invalid';
}

/** The status of the answer. Undefined if there was no whole answer. */
export function statusOf({ response }: Tried): number | undefined {
  return response.kind === 'response' ? response.status : undefined;
}

/** Whether a hook of this kind is one that no gateway posts. */
export function isSpoiler(kind: Kind): kind is Spoiler {
  return kind in spoilers;
}
