import { err, ok, type Result } from './result.ts';

/**
 * Reads the URL that clients connect to, to which a query is added. A path ends with a slash: `/rt?path=` is no part of
 * what a proxy passes on by `/rt/`. Those of API Gateway, and of its emulators, end with the stage and stay as they are.
 * The error is the rest of a sentence that begins with the setting's name.
 */
export function parseWebSocketUrl(text: string): Result<string, string> {
  if (!/^wss?:\/\/[^?#]+$/.test(text)) return err('must be a ws:// or wss:// URL without a query');
  return ok(text.endsWith('/') || /[./]execute-api[./]/.test(text) ? text : `${text}/`);
}
