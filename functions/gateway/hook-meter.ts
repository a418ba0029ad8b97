import type { AppResponse } from '../wire/answer.ts';
import type { HookEvent } from '../wire/hook.ts';

/** Counts the attempts to post hooks. It must be quick, and must not throw. */
export interface HookMeter {
  /** What has come of a post, and how long it took, in milliseconds. */
  posted(event: HookEvent, response: AppResponse, ms: number): void;
}
