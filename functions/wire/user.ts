import { limits } from './limits.ts';
import { byteLength, isPrintable } from './printable.ts';
import { err, ok, type Result } from './result.ts';

/** Parses the name of a user: printable text of at most 256 bytes. Empty means no particular user. */
export function parseUser(text: string): Result<string, string> {
  if (byteLength(text) > limits.userBytes) return err(`a user is at most ${limits.userBytes} bytes`);
  return isPrintable(text) ? ok(text) : err('a user is printable text');
}
