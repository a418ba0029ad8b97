import { hookEvents } from './hook.ts';
import { decode } from './path.ts';
import { err, ok, type Result } from './result.ts';

/** The rules for base URLs that differ between worlds. */
export interface BaseUrlRules {
  /** Also allows plain http, for one machine and for tests. */
  readonly allowInsecure: boolean;
}

/**
 * Parses the app's base URL, and serialises it as the WHATWG URL Standard does, without the trailing slash. Refuses
 * text that is not a URL, any other scheme, credentials, a query, a fragment, and a segment with the name of a hook.
 * The error completes a sentence that begins with the setting's name.
 */
export function parseWebhookBaseUrl(text: string, { allowInsecure }: BaseUrlRules): Result<string, string> {
  const example = 'such as https://app.example/websocket';
  if (!URL.canParse(text)) return err(`must be a URL ${example}`);
  const url = new URL(text);
  const schemes = allowInsecure ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol))
    return err(`must begin with ${schemes.map((s) => `${s}//`).join(' or ')}`);
  if (url.username !== '' || url.password !== '') return err('must have no user name and no password in it');
  if (/[?#]/.test(text)) return err('must have no query and no fragment');
  if (url.pathname.split('/').some(isEvent))
    return err(`must have no segment called ${hookEvents.join(', ')}: what follows it names the hook`);
  return ok(url.href.replace(/\/+$/, ''));
}

/** Apps, including those that use the SDK, recognise a hook by the first segment that is the name of one. */
function isEvent(segment: string): boolean {
  const name = decode(segment);
  return hookEvents.some((event) => event === name);
}
