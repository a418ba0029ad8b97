import { clientFrame, close, closePayload, fragments, pieces, text } from './client-frames.ts';

/** What a client does wrong, the close code that it gets, and what it said before that. */
export interface Violation {
  readonly name: string;
  readonly bytes: Buffer;
  readonly code: number;
  readonly texts?: readonly string[];
}

/** What a text may have where these are tried, in bytes. */
export const maxBytes = 131_072;

const some = 'x'.repeat(200);
const open = clientFrame({ opcode: 1, isFinal: false, payload: 'a' });
const all = (...parts: readonly (Buffer | readonly Buffer[])[]): Buffer => Buffer.concat(parts.flat());
const long = (opcode: number, length: bigint): Buffer => clientFrame({ opcode, length, lengthBits: 64 });

/** RFC 6455 section 5.2: heads that none may send. */
const heads: Violation[] = [
  { name: 'a frame that is not masked', bytes: clientFrame({ opcode: 1, payload: 'a', key: 'none' }) },
  { name: 'an empty frame that is not masked', bytes: clientFrame({ opcode: 1, key: 'none' }) },
  { name: 'a ping that is not masked', bytes: clientFrame({ opcode: 9, key: 'none' }) },
  { name: 'a close that is not masked', bytes: clientFrame({ opcode: 8, key: 'none' }) },
  ...[1, 2, 3, 4, 5, 6, 7].map((reserved) => ({
    name: `a text with the reserved bits ${reserved}`,
    bytes: clientFrame({ opcode: 1, reserved, payload: 'a' }),
  })),
  ...[2, 8, 9, 10].map((opcode) => ({
    name: `a frame of opcode ${opcode} with a reserved bit`,
    bytes: clientFrame({ opcode, reserved: 4 }),
  })),
  { name: 'a part with a reserved bit', bytes: all(open, clientFrame({ opcode: 0, reserved: 1 })) },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `the reserved opcode ${opcode}`,
    bytes: clientFrame({ opcode, payload: 'a' }),
  })),
  ...[0, 1, 125].map((bytes) => ({
    name: `a length of ${bytes} in 16 bits`,
    bytes: clientFrame({ opcode: 1, payload: 'x'.repeat(bytes), lengthBits: 16 }),
  })),
  ...[0, 125, 126, 65_535].map((bytes) => ({
    name: `a length of ${bytes} in 64 bits`,
    bytes: clientFrame({ opcode: 1, payload: 'x'.repeat(bytes), lengthBits: 64 }),
  })),
  { name: 'a length of 2^63', bytes: long(1, 2n ** 63n) },
  { name: 'a length of 2^64 - 1', bytes: long(1, 2n ** 64n - 1n) },
  { name: 'a binary frame of a length of 2^63', bytes: long(2, 2n ** 63n) },
].map((violation) => ({ ...violation, code: 1002 }));

/** RFC 6455 section 5.5. */
const controls: Violation[] = [8, 9, 10].flatMap((opcode) =>
  [
    { name: `opcode ${opcode} in a part`, bytes: clientFrame({ opcode, isFinal: false }) },
    { name: `opcode ${opcode} with 126 bytes`, bytes: clientFrame({ opcode, payload: 'x'.repeat(126) }) },
    { name: `opcode ${opcode} with 65,536 bytes`, bytes: long(opcode, 65_536n) },
    {
      name: `opcode ${opcode} with 2 bytes, said in 16 bits`,
      bytes: clientFrame({ opcode, payload: 'ab', lengthBits: 16 }),
    },
  ].map((violation) => ({ ...violation, code: 1002 })),
);

/** RFC 6455 section 5.4. */
const parts: Violation[] = [
  { name: 'a last part of nothing', bytes: clientFrame({ opcode: 0, payload: 'a' }) },
  { name: 'a part of nothing', bytes: clientFrame({ opcode: 0, isFinal: false }) },
  { name: 'a part behind a whole text', bytes: all(text('a'), clientFrame({ opcode: 0 })), texts: ['a'] },
  {
    name: 'a part behind the last one',
    bytes: all(fragments(['a', 'b']), clientFrame({ opcode: 0 })),
    texts: ['ab'],
  },
  { name: 'a text between parts', bytes: all(open, text('b')) },
  { name: 'another text in parts between parts', bytes: all(open, open) },
  { name: 'binary data between parts', bytes: all(open, clientFrame({ opcode: 2 })) },
].map((violation) => ({ ...violation, code: 1002 }));

/** RFC 6455 section 7.4.1, of 1003, 1007 and 1009. */
const contents: Violation[] = [
  { name: 'binary data', bytes: clientFrame({ opcode: 2, payload: some }), code: 1003 },
  { name: 'empty binary data', bytes: clientFrame({ opcode: 2 }), code: 1003 },
  { name: 'binary data in parts', bytes: all(fragments(['a', 'b'], 2)), code: 1003 },
  { name: 'binary data that is too big', bytes: long(2, 2n ** 53n), code: 1003 },
  { name: 'binary data behind a text', bytes: all(text('a'), clientFrame({ opcode: 2 })), code: 1003 },
  { name: 'a text that is no UTF-8', bytes: text(Buffer.from('61ff', 'hex')), code: 1007 },
  { name: 'a text that ends within a character', bytes: text(Buffer.from('61e282', 'hex')), code: 1007 },
  {
    name: 'a part that is no UTF-8',
    bytes: clientFrame({ opcode: 1, isFinal: false, payload: Buffer.from('c080', 'hex') }),
    code: 1007,
  },
  {
    name: 'parts that end within a character',
    bytes: all(fragments(pieces(Buffer.from('f09f98', 'hex'), 1))),
    code: 1007,
  },
  { name: 'a text of one byte too many', bytes: long(1, BigInt(maxBytes + 1)), code: 1009 },
  { name: 'a text of 2^53 - 1 bytes', bytes: long(1, 2n ** 53n - 1n), code: 1009 },
  { name: 'a text of 2^53 bytes', bytes: long(1, 2n ** 53n), code: 1009 },
  { name: 'a text of 2^63 - 1 bytes', bytes: long(1, 2n ** 63n - 1n), code: 1009 },
  { name: 'parts of one byte too many', bytes: all(open, long(0, BigInt(maxBytes))), code: 1009 },
].map((violation) => ({ ...violation, texts: violation.name.includes('behind a text') ? ['a'] : [] }));

/** RFC 6455 sections 5.5.1 and 7.4. */
const closes: Violation[] = [
  { name: 'a close with half a code', bytes: clientFrame({ opcode: 8, payload: 'x' }), code: 1002 },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => ({
    name: `a close with ${code}`,
    bytes: close(code, 'bye'),
    code: 1002,
  })),
  { name: 'a close whose reason is no UTF-8', bytes: close(1000, Buffer.from('ff', 'hex')), code: 1007 },
  { name: 'a close whose reason is cut', bytes: close(1000, Buffer.from('e282', 'hex')), code: 1007 },
  {
    name: 'a close with a reason of 124 bytes',
    bytes: clientFrame({ opcode: 8, payload: closePayload(1000, 'x'.repeat(124)) }),
    code: 1002,
  },
];

/** All that RFC 6455 has a server end a connection for, and what this one takes not. */
export const violations: readonly Violation[] = [...heads, ...controls, ...parts, ...contents, ...closes];
