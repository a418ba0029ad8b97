import { answeredActions } from '../actions.ts';
import { hookFields, hookUrl } from '../hook.ts';
import type { HookFormat } from '../hook-format.ts';

/** `application/json`: the same fields, all text, as one object. Several published verify libraries insist on it. */
export const json: HookFormat = {
  request: (hook, baseUrl) => ({
    url: hookUrl(hook, baseUrl),
    contentType: 'application/json',
    body: JSON.stringify(hookFields(hook)),
  }),
  answer: answeredActions,
};
