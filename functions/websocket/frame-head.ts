import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { err, ok, type Result } from '../wire/result.ts';
import { maxControlBytes, opcodes } from './frames.ts';

/** What a frame says of itself before its payload. RFC 6455 section 5.2. */
export interface FrameHead {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** Bytes of payload. */
  readonly length: number;
  /** The masking key, its first byte the highest. */
  readonly key: number;
  /** How many bytes it took. */
  readonly bytes: number;
}

/** The most bytes of a head. */
export const maxHeadBytes = 14;
/** The bytes of a masking key. */
const keyBytes = 4;

/**
 * Reads the head of a frame that a client sent, from a place in these bytes; undefined if it is not all there. The fault
 * is what RFC 6455 says to fail the connection with (section 7.4.1); it shows as soon as the bytes that are there allow.
 */
export function readFrameHead(bytes: Buffer, at: number): Result<FrameHead, CloseCode> | undefined {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1];
  if (!isKnown(first)) return broken;
  if (second === undefined) return undefined;
  // Section 5.1: every frame from a client is masked.
  if (second < 0x80) return broken;
  const short = second & 0x7f;
  if (isControl(first) && short > maxControlBytes) return broken;
  const size = short < 126 ? 6 : short === 126 ? 8 : maxHeadBytes;
  if (bytes.length < at + size - keyBytes) return undefined;
  const length = readLength(bytes, at + 2, short);
  if (length === undefined) return broken;
  if (bytes.length < at + size) return undefined;
  const key = bytes.readInt32BE(at + size - keyBytes);
  return ok({ opcode: first & 0x0f, isFinal: first >= 0x80, length, key, bytes: size });
}

const broken = err(closeCodes.protocolError);

/** Sections 5.2 and 5.5: no bit is used that stands for an extension, no code is reserved, no control frame is a part. */
function isKnown(first: number): boolean {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return false;
  return opcode <= opcodes.binary || (isControl(first) && opcode <= opcodes.pong && first >= 0x80);
}

function isControl(first: number): boolean {
  return (first & 0x08) !== 0;
}

/** Section 5.2: in as few bytes as it takes, and with the highest of 64 bits unset. Undefined if it is not. */
function readLength(bytes: Buffer, at: number, short: number): number | undefined {
  if (short < 126) return short;
  if (short === 126) {
    const length = bytes.readUInt16BE(at);
    return length < 126 ? undefined : length;
  }
  const high = bytes.readUInt32BE(at);
  const length = high * 2 ** 32 + bytes.readUInt32BE(at + 4);
  // The half of it, since a number can't tell 2^63 - 1 from 2^63.
  return length < 65_536 || high >= 2 ** 31 ? undefined : length;
}
