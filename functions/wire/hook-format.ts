import type { Actions, AnswerContext } from './actions.ts';
import type { DocumentError } from './document-error.ts';
import type { Hook } from './hook.ts';
import type { Result } from './result.ts';

/** The part of a hook's HTTP request that its format decides. Signing adds more headers. */
export interface HookRequest {
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
}

/** The part of a 2xx answer that a format reads. */
export interface HookAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * How hooks are written and their answers read. To add a format, add a module in `formats/` that exports a
 * `HookFormat`, name it in `setting-values.ts` and in `infra/aws/setting-rules.ts` and `infra/aws/sockethook-props.ts`,
 * and read it in `sdk/verify-hook.ts`.
 */
export interface HookFormat {
  /** Writes a hook for the app at this base URL. */
  request(hook: Hook, baseUrl: string): HookRequest;
  /** Reads the actions of a 2xx answer. The error names the field that is wrong. */
  answer(response: HookAnswer, context: AnswerContext): Result<Actions, DocumentError>;
}
