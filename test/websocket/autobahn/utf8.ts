import { clientFrame, fragments, pieces, text } from '../client-frames.ts';
import { type Case, echoed, failed } from './case.ts';

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const greek = hex('cebae1bdb9cf83cebcceb5');
const greeting = 'Hello-µ@ßöäüàá-UTF-8!!';
const beyond = hex('f4908080');
const edited = Buffer.from('edited');
/** A frame for each byte. */
const octets = (bytes: Buffer): Buffer[] => fragments(pieces(bytes, 1));
const invalid = Buffer.concat([greek, hex('eda080'), edited]);

/** A text up to bytes that make it impossible, in parts or in pieces of a frame: what would follow is never sent. */
function early(id: string, impossible: Buffer, way: 'parts' | 'pieces'): Case {
  if (way === 'parts') return failed(id, fragments([greek, impossible, edited]).slice(0, 2), [], 1007);
  const frame = text(Buffer.concat([greek, impossible, edited]));
  const first = 6 + greek.length;
  return failed(id, [frame.subarray(0, first), frame.subarray(first, first + impossible.length)], [], 1007);
}

/** 6.1 to 6.4: empty parts, and whether what is no UTF-8 is refused as soon as it shows. */
const inParts: readonly Case[] = [
  echoed('6.1.1', [text('')], ['']),
  echoed('6.1.2', fragments(['', '', '']), ['']),
  echoed('6.1.3', fragments(['', 'middle frame payload', '']), ['middle frame payload']),
  echoed('6.2.1', [text(greeting)], [greeting]),
  echoed('6.2.2', fragments(['Hello-µ@ßöä', 'üàá-UTF-8!!']), [greeting]),
  echoed('6.2.3', octets(Buffer.from(greeting)), [greeting]),
  echoed('6.2.4', octets(greek), [String(greek)]),
  failed('6.3.1', [text(invalid)], [], 1007),
  failed('6.3.2', octets(invalid), [], 1007),
  early('6.4.1', beyond, 'parts'),
  early('6.4.2', beyond.subarray(0, 2), 'parts'),
  early('6.4.3', beyond, 'pieces'),
  early('6.4.4', beyond.subarray(0, 2), 'pieces'),
];

/** Bytes of a range, each followed by a space. */
function lonely(from: number, to: number): string {
  let digits = '';
  for (let byte = from; byte <= to; byte++) digits += `${byte.toString(16)}20`;
  return digits;
}

const cutSequences = [
  ...['c0', 'e080', 'f08080', 'f8808080', 'fc80808080'],
  ...['df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf'],
];
const continuations = Buffer.from(Array.from({ length: 64 }, (_, at) => 0x80 + at)).toString('hex');
const wrapped = (digits: string): string =>
  `${Buffer.from('hello').toString('hex')}${digits}${Buffer.from('world').toString('hex')}`;
const noCharacters = Array.from({ length: 17 }, (_, plane) =>
  [0xfffe, 0xffff].map((low) => plane * 0x10000 + low),
);
const digitsOf = (code: number): string => Buffer.from(String.fromCodePoint(code)).toString('hex');

/** The sequences from 6.5 on, by their numbers, and which of them are UTF-8: all, none, or those of a list. */
const sequences: readonly (readonly [
  group: number,
  all: readonly string[],
  valid: boolean | readonly number[],
])[] = [
  // Some that are valid.
  [5, [...['24', 'c2a2', 'e282ac', 'f0a4ada2'].map(wrapped), greek.toString('hex')], true],
  // All beginnings of a text.
  [6, Array.from(greek, (_, at) => greek.toString('hex', 0, at + 1)), [2, 5, 7, 9, 11]],
  // The first of each length, those of lengths that there are not, and the last ones.
  [7, ['00', 'c280', 'e0a080', 'f0908080'], true],
  [8, ['f888808080', 'fc8480808080'], false],
  [9, ['7f', 'dfbf', 'efbfbf', 'f48fbfbf'], true],
  [10, ['f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf'], false],
  // Other edges.
  [11, ['ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf', 'f4908080'], [1, 2, 3, 4]],
  // Following bytes that follow nothing.
  [12, ['80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf', continuations], false],
  // First bytes that nothing follows.
  [
    13,
    [lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7), lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)],
    false,
  ],
  // The last byte is missing; and all of these together.
  [14, cutSequences, false],
  [15, [cutSequences.join('')], false],
  // Bytes that never occur.
  [16, ['fe', 'ff', 'fefeffff'], false],
  // More bytes than it takes: a slash, the last character of each length, and zero.
  [17, ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af'], false],
  [18, ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf'], false],
  [19, ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'], false],
  // Halves of surrogate pairs, and both halves.
  [20, ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'], false],
  [21, ['eda080', 'edadbf', 'edae80', 'edafbf'].flatMap((high) => [`${high}edb080`, `${high}edbfbf`]), false],
  // Codes that stand for no character, and the specials.
  [22, noCharacters.flat().map(digitsOf), true],
  [23, [0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff].map(digitsOf), true],
];

/** 6: UTF-8. */
export const utf8: readonly Case[] = [
  ...inParts,
  ...sequences.flatMap(([group, all, valid]) =>
    all.map((digits, at) => {
      const id = `6.${group}.${at + 1}`;
      const bytes = hex(digits);
      const isValid = typeof valid === 'boolean' ? valid : valid.includes(at + 1);
      const frame = clientFrame({ opcode: 1, payload: bytes });
      return isValid ? echoed(id, [frame], [bytes.toString()]) : failed(id, [frame], [], 1007);
    }),
  ),
];
