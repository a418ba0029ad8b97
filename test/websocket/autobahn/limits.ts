import { clientFrame, fragments, pieces, text } from '../client-frames.ts';
import { type Case, echoed, failed } from './case.ts';

const kib = 1_024;
const mib = 1_024 * kib;
const sizes = [64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib];
/** Pieces are of the suite’s sizes, the messages in parts a quarter of its own. */
const inParts = mib;
const partSizes = [64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib];
const inPieces = mib;
const pieceSizes = [64, 128, 256, 512, kib, 2 * kib];
const manySizes = [0, 16, 64, 256, kib, 4 * kib];
const many = 1_000;

const words = (size: number): string => 'BAsd7&jh23'.repeat(Math.ceil(size / 10)).slice(0, size);
const binary = (payload: string): Buffer => clientFrame({ opcode: 2, payload });

/** 9: long messages, and many. */
export const limits: readonly Case[] = [
  ...sizes.map((size, at) => echoed(`9.1.${at + 1}`, [text(words(size))], [words(size)])),
  ...sizes.map((size, at) => failed(`9.2.${at + 1}`, [binary(words(size))], [], 1003)),
  ...partSizes.map((size, at) =>
    echoed(
      `9.3.${at + 1}`,
      [Buffer.concat(fragments(pieces(Buffer.from(words(inParts)), size)))],
      [words(inParts)],
    ),
  ),
  ...partSizes.map((size, at) =>
    failed(
      `9.4.${at + 1}`,
      [Buffer.concat(fragments(pieces(Buffer.from(words(inParts)), size), 2))],
      [],
      1003,
    ),
  ),
  ...pieceSizes.map((size, at) =>
    echoed(`9.5.${at + 1}`, pieces(text(words(inPieces)), size), [words(inPieces)]),
  ),
  ...pieceSizes.map((size, at) => failed(`9.6.${at + 1}`, pieces(binary(words(inPieces)), size), [], 1003)),
  ...manySizes.map((size, at) => {
    const texts = Array.from({ length: many }, () => words(size));
    return echoed(`9.7.${at + 1}`, texts.map(text), texts);
  }),
  ...manySizes.map((size, at) =>
    failed(
      `9.8.${at + 1}`,
      Array.from({ length: many }, () => binary(words(size))),
      [],
      1003,
    ),
  ),
];

/** 10: a text of 65,536 bytes that a client cuts into parts of 1,300. */
export const automatic: readonly Case[] = [
  echoed('10.1.1', fragments(pieces(Buffer.from(words(65_536)), 1_300)), [words(65_536)]),
];
