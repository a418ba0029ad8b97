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

/** How each character of ASCII is written. */
const [asItIs, asPlus, asHex] = [0, 1, 2];
const ways = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === 0x20) return asPlus;
  return plain.test(String.fromCharCode(code)) ? asItIs : asHex;
});

const hex = Buffer.from('0123456789ABCDEF');
const [plus, percent] = [0x2b, 0x25];

/** So many characters are written at a time, into memory that is used again: each takes three bytes at the most. */
const maxAtOnce = 4_096;
const scratch = Buffer.alloc(maxAtOnce * 3);

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

/** ASCII, which most messages are, is written byte by byte; where there is more, it is left to the library. */
function escapeValue(value: string): string {
  let text = '';
  for (let from = 0; from < value.length; from += maxAtOnce) {
    const length = writeAscii(value, from, Math.min(value.length, from + maxAtOnce));
    if (length === undefined) return text + escapeUnicode(value.slice(from));
    text += scratch.toString('latin1', 0, length);
  }
  return text;
}

/** Writes a part of a text to the scratch; how many bytes it took, undefined if there is more in it than ASCII. */
function writeAscii(value: string, from: number, to: number): number | undefined {
  let end = 0;
  for (let at = from; at < to; at++) {
    const code = value.charCodeAt(at);
    const way = ways[code];
    if (way === undefined) return undefined;
    if (way === asItIs) scratch[end++] = code;
    else if (way === asPlus) scratch[end++] = plus;
    else {
      scratch[end++] = percent;
      scratch[end++] = hex[code >> 4] ?? 0;
      scratch[end++] = hex[code & 15] ?? 0;
    }
  }
  return end;
}

function escapeUnicode(value: string): string {
  // Half of a surrogate pair is no text; as UTF-8 it is a replacement character.
  const text = isWellFormed(value) ? value : Buffer.from(value).toString();
  return encodeURIComponent(text).replace(special, escapeSpecial);
}

function escapeSpecial(match: string): string {
  return match === '%20' ? '+' : `%${match.charCodeAt(0).toString(16).toUpperCase()}`;
}
