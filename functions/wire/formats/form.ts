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

/** How each character of ASCII is written; empty where it stands for itself. */
const written = Array.from({ length: 128 }, (_, code) => {
  if (plain.test(String.fromCharCode(code))) return '';
  return code === 0x20 ? '+' : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** What `encodeURIComponent` writes otherwise than a form. */
const special = /%20|[!'()~]/g;

/** Fields as a form, as `URLSearchParams` writes them, but sooner. The names stand for themselves. */
function formText(fields: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in fields) {
    const value = fields[name] ?? '';
    text += text === '' ? `${name}=` : separated(name);
    if (value !== '') text += plain.test(value) ? value : escapeValue(value);
  }
  return text;
}

/** The names of all hooks are the same few; a text that is put together costs as much as one that is escaped. */
const names = new Map<string, string>();

function separated(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = `&${name}=`;
  names.set(name, text);
  return text;
}

/** One pass over ASCII, which most messages are; at the first character that is more, it is left to the library. */
function escapeValue(value: string): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    const escaped = written[value.charCodeAt(at)];
    if (escaped === undefined) return text + escapeUnicode(value.slice(from));
    if (escaped === '') continue;
    text += value.slice(from, at) + escaped;
    from = at + 1;
  }
  return text + value.slice(from);
}

function escapeUnicode(value: string): string {
  // Half of a surrogate pair is no text; as UTF-8 it is a replacement character.
  const text = isWellFormed(value) ? value : Buffer.from(value).toString();
  return encodeURIComponent(text).replace(special, escapeSpecial);
}

function escapeSpecial(match: string): string {
  return match === '%20' ? '+' : `%${match.charCodeAt(0).toString(16).toUpperCase()}`;
}
