import { clientFrame, close, closePayload, fragments, ping, text } from '../client-frames.ts';
import { type Case, failed } from './case.ts';

const hello = 'Hello World!';
const [one = close(), two = close()] = fragments(['fragment1', 'fragment2']);

/** A client that closes in good order, behind texts or before what nobody hears any more. */
function closed(
  id: string,
  writes: readonly Buffer[],
  code: number,
  reason = '',
  texts: readonly string[] = [],
): Case {
  return { id, writes, texts, close: code, told: { code, reason }, isHasty: true };
}

/** Codes that may be sent, and some of those that may not. */
const sendable = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const unsendable = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const large = '*'.repeat(262_144);

/** 7: closing. */
export const closing: readonly Case[] = [
  closed('7.1.1', [text(hello), close(1000)], 1000, '', [hello]),
  closed('7.1.2', [close(1000), close(1000)], 1000),
  closed('7.1.3', [close(1000), ping()], 1000),
  closed('7.1.4', [close(1000), text(hello)], 1000),
  closed('7.1.5', [one, close(1000), two], 1000),
  closed('7.1.6', [text(large), text(hello), close(1000), ping()], 1000, '', [large, hello]),
  closed('7.3.1', [close()], 1005),
  failed('7.3.2', [clientFrame({ opcode: 8, payload: 'a' })]),
  closed('7.3.3', [close(1000)], 1000),
  closed('7.3.4', [close(1000, hello)], 1000, hello),
  closed('7.3.5', [close(1000, '*'.repeat(123))], 1000, '*'.repeat(123)),
  failed('7.3.6', [clientFrame({ opcode: 8, payload: closePayload(1000, '*'.repeat(124)) })]),
  failed('7.5.1', [close(1000, Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex'))], [], 1007),
  ...sendable.map((code, at) => closed(`7.7.${at + 1}`, [close(code)], code)),
  ...unsendable.map((code, at) => failed(`7.9.${at + 1}`, [close(code)])),
  failed('7.13.1', [close(5000)]),
  failed('7.13.2', [close(65_535)]),
];
