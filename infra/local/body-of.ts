import { text } from 'node:stream/consumers';

/** What to send: the argument, or standard input if it is `-`. */
export async function bodyOf(argument: string): Promise<string> {
  return argument === '-' ? text(process.stdin) : argument;
}
