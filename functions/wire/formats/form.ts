import { answeredActions } from '../actions.ts';
import { type Hook, hookUrl, noGroups } from '../hook.ts';
import type { HookFormat } from '../hook-format.ts';
import { isWellFormed } from '../printable.ts';

/** `application/x-www-form-urlencoded`, the default: the format that handlers of the original API read. */
export const form: HookFormat = {
  request: (hook, baseUrl) => ({
    url: hookUrl(hook, baseUrl),
    contentType: 'application/x-www-form-urlencoded',
    body: formText(hook),
  }),
  answer: answeredActions,
};

/** Text that needs no escapes in a form (URL Standard, the application/x-www-form-urlencoded percent-encode set). */
const plain = /^[\w*.-]*$/;

/** How each ASCII character is written. */
const [asItIs, asPlus, asHex] = [0, 1, 2];
const ways = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === 0x20) return asPlus;
  return plain.test(String.fromCharCode(code)) ? asItIs : asHex;
});

const hex = Buffer.from('0123456789ABCDEF');
const [plus, percent] = [0x2b, 0x25];

/** How many characters are written at a time into the reused buffer. Each takes at most three bytes. */
const maxAtOnce = 4_096;
const scratch = Buffer.alloc(maxAtOnce * 3);

/** The output of `encodeURIComponent` that a form writes differently. */
const special = /%20|[!'()~]/g;

/**
 * Writes the fields of `hookFields` as a form, exactly as `URLSearchParams` does, but faster. The names need no escapes.
 * One template: a text that is put together piece by piece costs several times as much.
 */
function formText(hook: Hook): string {
  const { event, socket, body, path, query, user, state, origin, groups, code, reason, time, presence } =
    hook;
  const list = groups.length === 0 ? escapedNoGroups : escaped(JSON.stringify(groups));
  const text = `event=${event}&from=${escaped(socket)}&body=${escaped(body)}&path=${escaped(path)}&query=${escaped(query)}&user=${escaped(user)}&state=${escaped(state)}&origin=${escaped(origin)}&groups=${list}&code=${escaped(code)}&reason=${escaped(reason)}&time=${time}`;
  return presence === undefined
    ? text
    : `${text}&group=${escaped(presence.group)}&sequence=${presence.sequence}`;
}

/** `groups` of most sockets. */
const escapedNoGroups = encodeURIComponent(noGroups);

function escaped(value: string): string {
  return value === '' || plain.test(value) ? value : escapeValue(value);
}

/** Writes ASCII, which most messages are, byte by byte. `encodeURIComponent` does the rest. */
function escapeValue(value: string): string {
  let text = '';
  for (let from = 0; from < value.length; from += maxAtOnce) {
    const length = writeAscii(value, from, Math.min(value.length, from + maxAtOnce));
    if (length === undefined) return text + escapeUnicode(value.slice(from));
    text += scratch.toString('latin1', 0, length);
  }
  return text;
}

/** Writes part of a text to the scratch buffer. Returns its length in bytes; undefined if the part is not ASCII. */
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
  // A lone surrogate has no UTF-8 form, so it is replaced by U+FFFD.
  const text = isWellFormed(value) ? value : Buffer.from(value).toString();
  return encodeURIComponent(text).replace(special, escapeSpecial);
}

function escapeSpecial(match: string): string {
  return match === '%20' ? '+' : `%${match.charCodeAt(0).toString(16).toUpperCase()}`;
}
