import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { err, ok, type Result } from '../wire/result.ts';
import { maxControlBytes, opcodes } from './frames.ts';

/** The head of a frame: everything before its payload. RFC 6455 section 5.2. */
export interface FrameHead {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** The length of the payload, in bytes. */
  readonly length: number;
  /** The masking key. Its first byte is the most significant. */
  readonly key: number;
  /** The length of the head itself, in bytes. */
  readonly bytes: number;
}

/** The maximum length of a head, in bytes. */
export const maxHeadBytes = 14;
/** The length of a masking key, in bytes. */
const keyBytes = 4;

/**
 * Parses the head of a client's frame, starting at `at`. Undefined if it is incomplete. The error is the close code
 * with which RFC 6455 section 7.4.1 fails the connection; it is returned as soon as the available bytes show it.
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

/** Sections 5.2 and 5.5: no extension bits, no reserved opcodes, and no fragmented control frames. */
function isKnown(first: number): boolean {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return false;
  return opcode <= opcodes.binary || (isControl(first) && opcode <= opcodes.pong && first >= 0x80);
}

function isControl(first: number): boolean {
  return (first & 0x08) !== 0;
}

/**
 * Section 5.2: the length must be encoded in as few bytes as possible, with the top bit of 64 unset. Undefined if not.
 */
function readLength(bytes: Buffer, at: number, short: number): number | undefined {
  if (short < 126) return short;
  if (short === 126) {
    const length = bytes.readUInt16BE(at);
    return length < 126 ? undefined : length;
  }
  const high = bytes.readUInt32BE(at);
  const length = high * 2 ** 32 + bytes.readUInt32BE(at + 4);
  // Look at the upper half, since a number can't tell 2^63 - 1 from 2^63.
  return length < 65_536 || high >= 2 ** 31 ? undefined : length;
}
