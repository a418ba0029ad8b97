import { clientFrame, fragments, pieces, ping, pong, text } from '../client-frames.ts';
import { type Case, echoed, failed } from './case.ts';

const sizes = [0, 125, 126, 127, 128, 65_535, 65_536];
const join = (frames: readonly Buffer[]): Buffer => Buffer.concat(frames);
/** Byte by byte. */
const octets = (frames: readonly Buffer[]): Buffer[] => pieces(join(frames), 1);
const hello = 'Hello, world!';

/** 1: texts and binary data of many sizes. */
export const sizesOfMessages: readonly Case[] = [
  ...sizes.map((size, at) => echoed(`1.1.${at + 1}`, [text('*'.repeat(size))], ['*'.repeat(size)])),
  echoed('1.1.8', pieces(text('*'.repeat(65_536)), 997), ['*'.repeat(65_536)]),
  ...sizes.map((size, at) =>
    failed(`1.2.${at + 1}`, [clientFrame({ opcode: 2, payload: Buffer.alloc(size, 0xfe) })], [], 1003),
  ),
  failed('1.2.8', pieces(clientFrame({ opcode: 2, payload: Buffer.alloc(65_536, 0xfe) }), 997), [], 1003),
];

const binary = Buffer.from('00fffefdfcfb00ff', 'hex');
const longest = Buffer.alloc(125, 0xfe);
const ten = Array.from({ length: 10 }, (_, at) => `payload-${at}`);
const pinged = (id: string, writes: readonly Buffer[], pings: readonly string[]): Case => ({
  id,
  writes,
  texts: [],
  pings,
});

/** 2: pings and pongs. */
export const pingsAndPongs: readonly Case[] = [
  pinged('2.1', [ping()], ['']),
  pinged('2.2', [ping(hello)], [hello]),
  pinged('2.3', [ping(binary)], [binary.toString('latin1')]),
  pinged('2.4', [ping(longest)], [longest.toString('latin1')]),
  failed('2.5', [ping(Buffer.alloc(126, 0xfe))]),
  pinged('2.6', octets([ping(longest)]), [longest.toString('latin1')]),
  pinged('2.7', [pong()], []),
  pinged('2.8', [pong('unsolicited pong payload')], []),
  pinged('2.9', [pong('unsolicited pong payload'), ping('ping payload')], ['ping payload']),
  pinged(
    '2.10',
    ten.map((payload) => ping(payload)),
    ten,
  ),
  pinged('2.11', octets(ten.map((payload) => ping(payload))), ten),
];

const reserved = (bits: number, opcode = 1): Buffer =>
  clientFrame({ opcode, reserved: bits, payload: hello });
const behindOne = (frame: Buffer): Buffer[] => [text(hello), frame, ping()];

/** 3: reserved bits. */
export const reservedBits: readonly Case[] = [
  failed('3.1', [reserved(1)]),
  failed('3.2', [join(behindOne(reserved(2)))], [hello]),
  failed('3.3', behindOne(reserved(3)), [hello]),
  failed('3.4', octets(behindOne(reserved(4))), [hello]),
  failed('3.5', [clientFrame({ opcode: 2, reserved: 5, payload: binary })]),
  failed('3.6', [reserved(6, 9)]),
  failed('3.7', [clientFrame({ opcode: 8, reserved: 7 })]),
];

/** 4: opcodes that are not defined. */
export const unknownOpcodes: readonly Case[] = [3, 11].flatMap((first, group) => [
  failed(`4.${group + 1}.1`, [clientFrame({ opcode: first })]),
  failed(`4.${group + 1}.2`, [clientFrame({ opcode: first + 1, payload: 'reserved opcode payload' })]),
  failed(`4.${group + 1}.3`, [join(behindOne(clientFrame({ opcode: first + 2 })))], [hello]),
  failed(`4.${group + 1}.4`, behindOne(clientFrame({ opcode: first + 3, payload: hello })), [hello]),
  failed(`4.${group + 1}.5`, octets(behindOne(clientFrame({ opcode: first + 4, payload: hello }))), [hello]),
]);

const part = (opcode: number, payload: string, isFinal: boolean): Buffer =>
  clientFrame({ opcode, payload, isFinal });
const [one = join([]), two = join([])] = fragments(['fragment1', 'fragment2']);
const both = 'fragment1fragment2';
const pingedBetween = [one, ping('ping'), two];
const stray = (isFinal: boolean): Buffer[] => [part(0, 'non-continuation payload', isFinal), text(hello)];
const twice = (isFinal: boolean): Buffer[] => [
  part(0, 'fragment1', isFinal),
  part(1, 'fragment2', false),
  part(0, 'fragment3', true),
];
const five = fragments(['fragment1', 'fragment2', 'fragment3', 'fragment4', 'fragment5']);
const amongFive = [
  ...five.slice(0, 2),
  ping('pongme 1!'),
  ...five.slice(2, 4),
  ping('pongme 2!'),
  ...five.slice(4),
];
const whole = 'fragment1fragment2fragment3fragment4fragment5';

/** 5: messages in parts. */
export const fragmentation: readonly Case[] = [
  failed('5.1', [part(9, 'fragment1', false), part(0, 'fragment2', true)]),
  failed('5.2', [part(10, 'fragment1', false), part(0, 'fragment2', true)]),
  echoed('5.3', [join([one, two])], [both]),
  echoed('5.4', [one, two], [both]),
  echoed('5.5', octets([one, two]), [both]),
  { ...echoed('5.6', [join(pingedBetween)], [both]), pings: ['ping'] },
  { ...echoed('5.7', pingedBetween, [both]), pings: ['ping'] },
  { ...echoed('5.8', octets(pingedBetween), [both]), pings: ['ping'] },
  ...[true, false].flatMap((isFinal, group) => [
    failed(`5.${9 + 3 * group}`, [join(stray(isFinal))]),
    failed(`5.${10 + 3 * group}`, stray(isFinal)),
    failed(`5.${11 + 3 * group}`, octets(stray(isFinal))),
  ]),
  failed('5.15', [join([one, two, part(0, 'fragment3', false), text('fragment4')])], [both]),
  failed('5.16', [...twice(false), ...twice(false)]),
  failed('5.17', [...twice(true), ...twice(true)]),
  failed('5.18', [one, part(1, 'fragment2', true)]),
  { ...echoed('5.19', amongFive, [whole]), pings: ['pongme 1!', 'pongme 2!'] },
  { ...echoed('5.20', [join(amongFive)], [whole]), pings: ['pongme 1!', 'pongme 2!'] },
];
