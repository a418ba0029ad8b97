import { err, ok, type Result } from './result.ts';

/** Parses an API key: at least 16 visible ASCII characters, and no comma, so that it fits in a header and in a list. */
export function parseApiKey(text: string): Result<string, string> {
  return /^[\x21-\x2b\x2d-\x7e]{16,}$/.test(text)
    ? ok(text)
    : err('an API key is at least 16 visible characters');
}
