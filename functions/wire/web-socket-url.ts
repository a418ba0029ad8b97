import { err, ok, type Result } from './result.ts';

/**
 * Parses the URL that clients connect to, to which a query is added. Makes its path end with a slash, because a proxy
 * rule for `/rt/` does not match `/rt?path=`. The URLs of API Gateway and its emulators end with the stage and stay
 * unchanged. The error completes a sentence that begins with the setting's name.
 */
export function parseWebSocketUrl(text: string): Result<string, string> {
  if (!/^wss?:\/\/[^?#]+$/.test(text)) return err('must be a ws:// or wss:// URL without a query');
  return ok(text.endsWith('/') || /[./]execute-api[./]/.test(text) ? text : `${text}/`);
}
