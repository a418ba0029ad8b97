import { cut } from './path.ts';

/**
 * Whether two paths are one, however a proxy between gateway and app has escaped them: both are decoded, once. An
 * escaped slash or backslash equals only an escaped one, so that no segment turns into two. A path that a query or a
 * fragment follows equals only itself.
 */
export function isSamePath(one: string, other: string): boolean {
  if (one === other) return true;
  return !/[?#]/.test(one + other) && decodePath(one) === decodePath(other);
}

/** Whether two queries have the same parameters in the same order, read as forms are (URL Standard section 5.1). */
export function isSameQuery(one: string, other: string): boolean {
  return one === other || parameters(one) === parameters(other);
}

/** `%`, too, stays escaped: what still looks like an escape afterwards is one. */
function decodePath(path: string): string {
  return decode(path, (byte) => byte === 0x25 || byte === 0x2f || byte === 0x5c);
}

function parameters(query: string): string {
  const pairs = query.split('&').map((pair) => cut(pair.replaceAll('+', ' '), '='));
  return JSON.stringify(pairs.map((pair) => pair.map((text) => decode(text, () => false))));
}

/** Decodes to UTF-8, a character for each byte, so that nothing is lost where it is none. A stray `%` is one. */
function decode(text: string, isKept: (byte: number) => boolean): string {
  const bytes = Buffer.from(text).toString('latin1');
  return bytes.replace(/%([0-9a-f]{2})?/gi, (_, hex = '25') => {
    const byte = Number.parseInt(hex, 16);
    return isKept(byte) ? `%${hex.toUpperCase()}` : String.fromCharCode(byte);
  });
}
