import { utf8Text } from '../../wire/utf8-text.ts';
import type { Fields, KeptHook } from './hook-log.ts';

/** A command for a POSIX shell that posts a hook with these headers, and shows the whole answer. */
export function curlCommand({ url, body }: KeptHook, headers: Fields): string {
  const lines = [
    // Without --globoff, curl reads brackets and braces of a URL as a pattern.
    `curl -sS -i --globoff --path-as-is ${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(header(name, value))}`),
    // --data-raw takes an @ at the beginning for what it is.
    `--data-raw ${quoted(body.text)}`,
  ];
  return `${lines.join(' \\\n  ')}\n`;
}

/**
 * curl(1), "--header": a header without a value ends with a semicolon, since one with a colon is left out. A value has a
 * character for each byte, and a shell takes the command as UTF-8.
 */
function header(name: string, value: string): string {
  if (value === '') return `${name};`;
  return `${name}: ${utf8Text(Buffer.from(value, 'latin1')) ?? value}`;
}

/** POSIX, Shell Command Language, section 2.2.2: all characters but the single quote stand for themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
