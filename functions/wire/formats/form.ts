import { answeredActions } from '../actions.ts';
import { hookFields, hookUrl } from '../hook.ts';
import type { HookFormat } from '../hook-format.ts';

/** `application/x-www-form-urlencoded`, the default: what the original API's handlers read. */
export const form: HookFormat = {
  request: (hook, baseUrl) => ({
    url: hookUrl(hook, baseUrl),
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams(hookFields(hook)).toString(),
  }),
  answer: answeredActions,
};
