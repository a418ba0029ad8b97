import type { Answer, AppResponse } from '../wire/answer.ts';
import type { Hook } from '../wire/hook.ts';
import type { HookRequest } from '../wire/hook-format.ts';
import type { AppRequest } from './ports.ts';

/** Sees every attempt to post a hook, and what comes of it. It must be quick, and must not throw. */
export interface HookWatch {
  /** A hook is about to be posted. Returns the request that is posted in place of this one. */
  posting(hook: Hook, request: AppRequest): AppRequest;
  /** What has come of a hook that was posted. */
  answered(hook: Hook, answer: Answer, response: AppResponse): void;
  /** A hook was not posted, since the circuit breaker held it. */
  held(hook: Hook, request: HookRequest, answer: Answer): void;
}
