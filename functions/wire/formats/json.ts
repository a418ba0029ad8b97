import { answeredActions } from '../actions.ts';
import { hookFields, hookUrl } from '../hook.ts';
import type { HookFormat } from '../hook-format.ts';

/**
 * `application/json`: the same fields as one object. All are strings but `groups`, a list. Several verification
 * libraries require JSON.
 */
export const json: HookFormat = {
  request: (hook, baseUrl) => ({
    url: hookUrl(hook, baseUrl),
    contentType: 'application/json',
    body: JSON.stringify({ ...hookFields(hook), groups: hook.groups }),
  }),
  answer: answeredActions,
};
