import { cut } from './path.ts';

/**
 * Whether two paths are equal, even if a proxy between gateway and app has changed their escapes. Both are decoded
 * once. An escaped slash or backslash equals only an escaped one, so that one segment never becomes two. A path
 * followed by a query or a fragment equals only itself.
 */
export function isSamePath(one: string, other: string): boolean {
  if (one === other) return true;
  return !/[?#]/.test(one + other) && decodePath(one) === decodePath(other);
}

/** Whether two queries have the same parameters in the same order, parsed as a form (URL Standard section 5.1). */
export function isSameQuery(one: string, other: string): boolean {
  return one === other || parameters(one) === parameters(other);
}

/** `%` stays escaped too, so that whatever still looks like an escape afterwards is one. */
function decodePath(path: string): string {
  return decode(path, (byte) => byte === 0x25 || byte === 0x2f || byte === 0x5c);
}

function parameters(query: string): string {
  const pairs = query.split('&').map((pair) => cut(pair.replaceAll('+', ' '), '='));
  return JSON.stringify(pairs.map((pair) => pair.map((text) => decode(text, () => false))));
}

/** Decodes to one character per byte, so that bytes which are not UTF-8 survive. A stray `%` is kept as it is. */
function decode(text: string, isKept: (byte: number) => boolean): string {
  const bytes = Buffer.from(text).toString('latin1');
  return bytes.replace(/%([0-9a-f]{2})?/gi, (_, hex = '25') => {
    const byte = Number.parseInt(hex, 16);
    return isKept(byte) ? `%${hex.toUpperCase()}` : String.fromCharCode(byte);
  });
}
