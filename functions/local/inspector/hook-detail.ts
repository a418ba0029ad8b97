import { type Fields, type KeptHook, keptLimits, type ShownHook } from './hook-log.ts';
import { wholeUtf8 } from './kept-text.ts';

/** A hook in full, as far as it is kept. */
export interface HookDetail extends ShownHook {
  readonly request: {
    readonly method: 'POST';
    readonly url: string;
    readonly headers: Fields;
    readonly body: string;
  };
  readonly answer: { readonly status: number; readonly headers: Fields; readonly body: string } | null;
  /** Whether a body was too long to be kept whole. */
  readonly cut: boolean;
}

/** A hook in full, as far as it is kept. */
export function hookDetail({ shown, url, headers, body, answer, answered }: KeptHook): HookDetail {
  return {
    ...shown,
    request: { method: 'POST', url, headers, body: body.text },
    answer: answer === undefined ? null : { ...answer, body: wholeUtf8(answered.bytes).toString() },
    cut: body.bytes < body.allBytes || shown.answerBytes > keptLimits.bodyBytes,
  };
}
