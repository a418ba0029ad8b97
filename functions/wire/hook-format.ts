import type { Actions, AnswerContext } from './actions.ts';
import type { DocumentError } from './document-error.ts';
import type { Hook } from './hook.ts';
import type { Result } from './result.ts';

/** The part of a hook's HTTP request that its format decides; signing adds its own headers. */
export interface HookRequest {
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
}

/** What a format reads of a 2xx answer. */
export interface HookAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * How hooks are written and their answers read: two functions. A new format is a new module that has them.
 */
export interface HookFormat {
  /** Writes a hook for the app at a base URL. */
  request(hook: Hook, baseUrl: string): HookRequest;
  /** Reads the actions of a 2xx answer; an error names the field that is wrong. */
  answer(response: HookAnswer, context: AnswerContext): Result<Actions, DocumentError>;
}
