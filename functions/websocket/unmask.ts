import { endianness } from 'node:os';

/** From this many bytes on, it pays to work on four-byte words: less than it costs to make a view of them. */
const worthwhile = 256;
const isLittle = endianness() === 'LE';

/**
 * Unmasks bytes `from` to `to` of a payload in place (RFC 6455 section 5.3). `key` is the masking key; its first byte
 * is the most significant. Returns the key for the bytes that follow.
 */
export function unmask(bytes: Buffer, from: number, to: number, key: number): number {
  let turned = key;
  let at = from;
  if (to - from >= worthwhile) {
    for (; ((bytes.byteOffset + at) & 3) !== 0; at++) turned = unmaskByte(bytes, at, turned);
    at = unmaskWords(bytes, at, to, turned);
  }
  for (; at < to; at++) turned = unmaskByte(bytes, at, turned);
  return turned;
}

function unmaskByte(bytes: Buffer, at: number, key: number): number {
  bytes[at] = (bytes[at] ?? 0) ^ (key >>> 24);
  return (key << 8) | (key >>> 24);
}

function unmaskWords(bytes: Buffer, from: number, to: number, key: number): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + from, (to - from) >>> 2);
  const word = isLittle ? swapped(key) : key;
  for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) ^ word;
  return from + words.length * 4;
}

function swapped(key: number): number {
  return (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24);
}
