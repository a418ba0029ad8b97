import { InvalidArgumentError } from 'commander';
import { limits } from '../../functions/wire/limits.ts';
import { readBody } from '../../sdk/read-body.ts';
import { WrongUse } from './exit.ts';

/** Parses the value of a flag that is a whole number. Throws what commander says with the name of the flag. */
export function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Adds the value of a flag that may be written several times to those before it. */
export function added(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/**
 * What to send: the argument, or standard input if it is `-`. Rejects with a `WrongUse` if standard input is longer than
 * a message may be, and reads no more of it, or if it is no text.
 */
export async function bodyOf(argument: string): Promise<string> {
  if (argument !== '-') return argument;
  const bytes = await readBody(process.stdin, limits.messageBytes);
  if (bytes === undefined)
    throw new WrongUse(`Standard input must be at most ${limits.messageBytes} bytes of UTF-8.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WrongUse('Standard input must be UTF-8: clients get messages as text.');
  }
}
