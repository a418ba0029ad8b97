import { err, ok, type Result } from './result.ts';

/**
 * RFC 6454 section 6.2: scheme "://" host [ ":" port ]. Browsers also serialise the origins of app shells and
 * extensions this way, such as `capacitor://localhost`, and omit the host for `file://`. A host with a colon is an IPv6
 * address.
 */
const serialised =
  /^([a-z][a-z0-9+.-]*):\/\/([^\s\p{Cc}/?#@\\:*<>^|%[\]]*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/iu;

/** The schemes whose hosts are Internet names. Of the schemes that can load a page, these have default ports. */
const internet: ReadonlySet<string> = new Set(['http', 'https']);

/**
 * Normalises an origin for comparison: scheme and host in lower case, Internet hosts in ASCII, and no default port.
 * `null` stays `null`. Undefined if the text is not an origin.
 */
export function normaliseOrigin(text: string): string | undefined {
  if (text.toLowerCase() === 'null') return 'null';
  const [, scheme = '', host = '', port] = serialised.exec(text) ?? [];
  const name = scheme.toLowerCase();
  if (name === '' || Number(port ?? 0) > 65_535 || (host === '' && port !== undefined)) return undefined;
  if (!internet.has(name)) {
    const end = port === undefined ? '' : `:${Number(port)}`;
    return `${name}://${host.toLowerCase()}${end}`;
  }
  return URL.canParse(text) ? new URL(text).origin : undefined;
}

/**
 * Parses an allowed origin as an operator writes it. The error completes a sentence that begins with the setting's
 * name.
 */
export function parseOrigin(text: string): Result<string, string> {
  const origin = normaliseOrigin(text);
  if (origin !== undefined) return ok(origin);
  if (text.includes('*'))
    return err('must name each origin; leave it out to let pages of any origin connect');
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+[/?#]/i.test(text)
    ? err('must be origins, which end with the host or the port: no slash, no path, no query')
    : err('must be origins such as https://app.example or capacitor://localhost, separated by commas');
}
