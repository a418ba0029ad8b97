import { type ClientFrame, clientFrame, closePayload, pieces } from '../client-frames.ts';
import type { Random } from './random.ts';

/** What a text may have in the streams, in bytes: few enough that many are too long. */
export const maxBytes = 2_000;

const words = ['', 'a', 'hello', 'ü', '€', '😀', '\ufffd', '\ufeff', '\0', 'x'.repeat(124), 'ы'.repeat(63)];
const sizes = [100, 125, 126, 127, 300, 700] as const;
const broken = ['ff', 'c0', 'c080', 'e282', 'eda080', 'f08f', 'f48f', 'f490', '80', 'e0a0', 'f0', 'fe'];
const codes = [
  0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 2999, 3000, 4999, 5000, 65535,
];

/** Bytes as a client may send them: frames, most of them right, some with something wrong, at times garbled. */
export function stream(random: Random): Buffer {
  const frames: Buffer[] = [];
  const count = 1 + random.below(8);
  while (frames.length < count) frames.push(...some(random));
  if (random.oneIn(3)) frames.push(...some(random, 'close'));
  const bytes = Buffer.concat(frames);
  return random.oneIn(3) ? garbled(bytes, random) : bytes;
}

/** Bytes in pieces of all sizes. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  const way = random.below(8);
  if (way === 0) return [bytes];
  if (way === 1) return pieces(bytes, 1);
  const max = random.of([3, 10, 50, 300, 3_000]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(max);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** The frames of a message with control frames among them, or a control frame. */
function some(
  random: Random,
  kind = random.of(['text', 'text', 'text', 'control', 'control', 'binary']),
): Buffer[] {
  if (kind === 'close') return [made(random, { opcode: 8, payload: closing(random) })];
  if (kind === 'control') return [control(random)];
  if (kind === 'binary' && !random.oneIn(4)) return [];
  const parts = random.oneIn(2) ? 1 : 1 + random.below(5);
  const whole = content(random);
  const size = Math.max(1, Math.ceil(whole.length / parts));
  const payloads = parts === 1 ? [whole] : [...pieces(whole, size), ...(random.oneIn(3) ? [''] : [])];
  return payloads.flatMap((payload, at) => {
    const opcode = at > 0 ? 0 : kind === 'binary' ? 2 : 1;
    const frame = made(random, { opcode, payload, isFinal: at === payloads.length - 1 });
    return random.oneIn(4) ? [frame, control(random)] : [frame];
  });
}

function control(random: Random): Buffer {
  const payload = random.oneIn(3) ? '' : random.bytes(random.of([1, 4, 20, 125]));
  return made(random, { opcode: random.of([9, 9, 10]), payload });
}

function content(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let count = random.below(4); count >= 0; count--)
    parts.push(Buffer.from(words[random.below(words.length)] ?? ''));
  if (random.oneIn(5)) parts.push(Buffer.alloc(random.of(sizes), 'y'));
  if (random.oneIn(60)) parts.push(Buffer.alloc(random.of([1_990, 2_000, 2_001, 3_000]), 'z'));
  if (random.oneIn(12)) parts.push(Buffer.from(broken[random.below(broken.length)] ?? '', 'hex'));
  if (random.oneIn(12)) parts.push(random.bytes(random.below(5)));
  if (random.oneIn(2)) parts.reverse();
  return Buffer.concat(parts);
}

function closing(random: Random): Buffer {
  if (random.oneIn(4)) return Buffer.alloc(random.below(2));
  const reason = random.oneIn(3) ? content(random).subarray(0, 125) : Buffer.alloc(0);
  return closePayload(random.oneIn(2) ? 1000 : codes[random.below(codes.length)], reason);
}

/** A frame under some key; one in 25 is not what it should be. */
function made(random: Random, frame: ClientFrame): Buffer {
  const key = random.oneIn(10) ? 0 : random.below(2 ** 32);
  return clientFrame({ key, ...frame, ...(random.oneIn(25) ? wrong(random) : {}) });
}

function wrong(random: Random): Partial<ClientFrame> {
  switch (random.below(7)) {
    case 0:
      return { reserved: 1 + random.below(7) };
    case 1:
      return { opcode: random.below(16) };
    case 2:
      return { key: 'none' };
    case 3:
      return { isFinal: random.oneIn(2) };
    case 4:
      return { lengthBits: 64 };
    case 5:
      return { lengthBits: 16, length: BigInt(random.of([0, 1, 125, 126, 2_001, 65_535])) };
    default:
      return {
        lengthBits: 64,
        length: random.of([
          0n,
          126n,
          65_536n,
          2n ** 53n - 1n,
          2n ** 53n,
          2n ** 63n - 1n,
          2n ** 63n,
          2n ** 64n - 1n,
        ]),
      };
  }
}

/** Bytes with one of them changed, or some lost, doubled, put in, or cut off. */
function garbled(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(random.of([2, 20])));
  const [before, between, behind] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  const flipped = Buffer.from(
    between.map((byte, place) => (place === 0 ? byte ^ (1 << random.below(8)) : byte)),
  );
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([before, flipped, behind]);
    case 1:
      return Buffer.concat([before, behind]);
    case 2:
      return Buffer.concat([before, between, between, behind]);
    case 3:
      return Buffer.concat([before, random.bytes(to - at), behind]);
    default:
      return before;
  }
}
