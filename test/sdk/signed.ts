import { form } from '../../functions/wire/formats/form.ts';
import { json } from '../../functions/wire/formats/json.ts';
import type { Hook } from '../../functions/wire/hook.ts';
import { hookHeaders } from '../../functions/wire/hook-headers.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { testSecrets } from '../support/local.ts';
import { must } from '../wire/must.ts';

/** How a hook is signed, where it matters to a test. */
export interface Signing {
  readonly format?: 'form' | 'json';
  readonly secrets?: readonly string[];
  /** Milliseconds since 1970; now by default. */
  readonly at?: number;
  /** The field `groups` as it is written in the body; undefined leaves it out. */
  readonly groups?: string | undefined;
}

/** The request of a hook as the gateway makes it. */
export function signedRequest(
  hook: Hook,
  { format = 'form', secrets = testSecrets.webhookSecrets, at = Date.now(), ...written }: Signing = {},
): Request {
  const request = { form, json }[format].request(hook, 'https://app.example/websocket');
  const { url, contentType } = request;
  const body = 'groups' in written ? withGroups(request.body, format, written.groups) : request.body;
  const keys = secrets.map((secret) => must(parseSigningKey(secret)));
  const headers = hookHeaders(hook, { contentType, body }, Math.floor(at / 1000), keys);
  return new Request(url, { method: 'POST', headers, body });
}

/** The body of a hook without groups, with others in their place. */
function withGroups(body: string, format: 'form' | 'json', groups: string | undefined): string {
  const [from, name, write] =
    format === 'form'
      ? (['&groups=%5B%5D', '&groups=', encodeURIComponent] as const)
      : ([',"groups":[]', ',"groups":', String] as const);
  return body.replace(from, groups === undefined ? '' : `${name}${write(groups)}`);
}

/** The same request with another URL, other headers or another body. */
export async function changed(
  request: Request,
  change: {
    url?: string;
    headers?: Record<string, string | undefined>;
    body?: string | Uint8Array;
    method?: string;
  },
): Promise<Request> {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(change.headers ?? {})) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  const method = change.method ?? 'POST';
  const body = method === 'GET' ? null : (change.body ?? (await request.text()));
  return new Request(change.url ?? request.url, { method, headers, body });
}
