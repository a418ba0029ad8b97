import { masked } from '../client-frames.ts';

/** A frame as it lies in a stream, told apart by nobody's code but the test's. */
interface SeenFrame {
  readonly head: number;
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isWhole: boolean;
  readonly bits: number;
  readonly length: bigint;
  /** As far as it has come, unmasked. */
  readonly payload: Buffer;
  /** The text that it is a part of can't be UTF-8. */
  readonly isBroken: boolean;
  /** What a text had before it, in bytes. */
  readonly before: number;
}

/** Where we do not do as `ws` does, and why. */
export interface Exception {
  readonly name: string;
  /** Of RFC 6455. */
  readonly section: string;
  /** What the client gets from us. */
  readonly code: number;
  applies(frame: SeenFrame, maxBytes: number): boolean;
}

/** All there are; the first that applies counts. */
export const exceptions: readonly Exception[] = [
  {
    name: 'a length in more bits than it takes, which ws takes',
    section: '5.2',
    code: 1002,
    applies: ({ bits, length }) => (bits === 16 && length < 126n) || (bits === 64 && length < 65_536n),
  },
  {
    name: 'a length of 2^63 or more, which ws calls too big',
    section: '5.2',
    code: 1002,
    applies: ({ length }) => length >= 2n ** 63n,
  },
  {
    name: 'binary data, which this gateway does not take',
    section: '7.4.1',
    code: 1003,
    applies: ({ opcode }) => opcode === 2,
  },
  {
    name: 'a text that is no UTF-8, which ws notices when it is whole',
    section: '8.1',
    code: 1007,
    applies: ({ isBroken, isFinal, isWhole, before, length }, maxBytes) =>
      isBroken && !(isFinal && isWhole) && BigInt(before) + length <= BigInt(maxBytes),
  },
];

/** A stream as far as both sides are asked about it. */
interface Judged {
  /** The first exception in it. */
  readonly exception: Exception | undefined;
  /** Up to where `ws` gets it: to the frame that is excepted, if there is one. */
  readonly reference: Buffer;
  /** Up to where we get it. */
  readonly ours: Buffer;
}

/**
 * Finds the first exception. What comes of a head, or of a close frame with half a code, shows before it is whole, but not
 * at the same byte: a stream ends before one that is not whole.
 */
export function judged(bytes: Buffer, maxBytes: number): Judged {
  const upTo = (end: number): Judged => {
    const all = bytes.subarray(0, end);
    return { exception: undefined, reference: all, ours: all };
  };
  let text: Buffer | undefined;
  for (let at = 0; ; ) {
    const frame = see(bytes, at, text);
    if (frame === 'cut') return upTo(at);
    if (frame === 'breach') return upTo(bytes.length);
    const exception = exceptions.find(({ applies }) => applies(frame, maxBytes));
    if (exception !== undefined) return { exception, reference: bytes.subarray(0, at), ours: bytes };
    if (!frame.isWhole) return upTo(frame.opcode === 8 && frame.length === 1n ? at : bytes.length);
    if (frame.opcode < 3) text = frame.isFinal ? undefined : Buffer.concat([text ?? nothing, frame.payload]);
    at += frame.head + frame.payload.length;
  }
}

const nothing = Buffer.alloc(0);

/** The frame that begins here; `cut` if its head is not whole, `breach` if both sides have to call it that. */
function see(bytes: Buffer, from: number, text: Buffer | undefined): SeenFrame | 'cut' | 'breach' {
  const [first = 0, second = 0] = bytes.subarray(from);
  const short = second & 0x7f;
  const size = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < from + size + 4) return bytes.length >= from + 2 && second < 0x80 ? 'breach' : 'cut';
  const opcode = first & 0x0f;
  const isFinal = first >= 0x80;
  const isControl = [8, 9, 10].includes(opcode) && isFinal && short < 126;
  const isData = opcode === 0 ? text !== undefined : opcode < 3 && text === undefined;
  if ((first & 0x70) !== 0 || second < 0x80 || !(isControl || isData)) return 'breach';
  const said = [BigInt(short), BigInt(bytes.readUInt16BE(from + 2)), 0n] as const;
  const length = size === 2 ? said[0] : size === 4 ? said[1] : bytes.readBigUInt64BE(from + 2);
  const head = size + 4;
  const end = from + head;
  const come = bytes.subarray(end, length > 1_000_000n ? bytes.length : end + Number(length));
  const payload = masked(come, bytes.subarray(end - 4, end));
  const before = text?.length ?? 0;
  const isBroken = opcode < 2 && !mayBegin(Buffer.concat([text ?? nothing, payload]));
  const isWhole = BigInt(payload.length) === length;
  const bits = size === 2 ? 7 : size === 4 ? 16 : 64;
  return { head, opcode, isFinal, isWhole, bits, length, payload, isBroken, before };
}

/** Whether bytes may be the beginning of a text. */
function mayBegin(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
