import { answeredActions } from '../actions.ts';
import { hookFields, hookUrl } from '../hook.ts';
import type { HookFormat } from '../hook-format.ts';
import { isWellFormed } from '../printable.ts';

/** `application/x-www-form-urlencoded`, the default: what the original API's handlers read. */
export const form: HookFormat = {
  request: (hook, baseUrl) => ({
    url: hookUrl(hook, baseUrl),
    contentType: 'application/x-www-form-urlencoded',
    body: formText(hookFields(hook)),
  }),
  answer: answeredActions,
};

/** What stands for itself in a form (URL Standard, the application/x-www-form-urlencoded percent-encode set). */
const plain = /^[\w*.-]*$/;
/** What `encodeURIComponent` leaves alone and a form does not. */
const special = /[!'()~]/g;

/** Fields as a form, as `URLSearchParams` writes them, but sooner. The names stand for themselves. */
function formText(fields: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in fields) {
    const value = fields[name] ?? '';
    text += `${text === '' ? '' : '&'}${name}=${plain.test(value) ? value : escapeValue(value)}`;
  }
  return text;
}

function escapeValue(value: string): string {
  // Half of a surrogate pair is no text; as UTF-8 it is a replacement character.
  const text = isWellFormed(value) ? value : Buffer.from(value).toString();
  return encodeURIComponent(text).replaceAll('%20', '+').replace(special, escapeOne);
}

function escapeOne(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
