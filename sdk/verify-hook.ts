import { type HookEvent, hookEvents } from '../functions/wire/hook.ts';
import { cut } from '../functions/wire/path.ts';
import { err, ok, type Result } from '../functions/wire/result.ts';
import { type SigningKey, verify } from '../functions/wire/signature.ts';
import { isSamePath, isSameQuery } from '../functions/wire/url-equivalence.ts';

/** An HTTP request, in a form that any framework can supply. */
export interface HookRequest {
  readonly method: string;
  /** The path and the query as received, including any mount path. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** A hook whose signature has been verified. */
export interface VerifiedHook {
  readonly event: HookEvent;
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly groups: readonly string[];
}

/**
 * Verifies a hook: that one of the keys signed it, at most 5 minutes ago, and that the event, path and query in its
 * body, which is signed, match the URL, however that is escaped. The error is a sentence that reveals nothing.
 */
export function verifyHook(
  { url, headers, body }: HookRequest,
  keys: readonly SigningKey[],
  now: number,
): Result<VerifiedHook, string> {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const presented = {
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature: header('webhook-signature'),
    body,
  };
  const signed = verify(presented, keys, now);
  if (!signed.ok) return err(`This hook is ${signed.error}.`);
  const fields = readFields(header('content-type') ?? '', body);
  const groups = fields && readGroups(fields.get('groups'));
  if (fields === undefined || groups === undefined) return err('The body of this hook cannot be read.');
  const event = hookEvents.find((known) => known === fields.get('event'));
  if (event === undefined || !isAt(url, event, fields)) return err('This hook is signed for another URL.');
  return ok({ event, id: signed.value.id, fields, groups });
}

/** The path of a hook, wherever the app has mounted its handler. */
const hookPath = new RegExp(`^.*?/(${hookEvents.join('|')})(/.*)$`);

/**
 * The event is the first segment of the URL that is the name of one. The rest is the client's path. Proxies may change
 * the escapes of both path and query, and so does a Fetch-style request: `'` in a query becomes `%27`.
 */
function isAt(url: string, event: HookEvent, fields: ReadonlyMap<string, string>): boolean {
  const [pathname, query] = cut(url, '?');
  const named = hookPath.exec(pathname);
  return (
    named?.[1] === event &&
    isSamePath(named[2] ?? '', fields.get('path') ?? '') &&
    isSameQuery(query, fields.get('query') ?? '')
  );
}

/** The fields of either format as text. In JSON, `groups` is a list; as text it is the same as in a form. */
function readFields(contentType: string, body: Uint8Array): ReadonlyMap<string, string> | undefined {
  const text = new TextDecoder().decode(body);
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return new Map(new URLSearchParams(text));
  if (type !== 'application/json') return undefined;
  try {
    return new Map(Object.entries(Object(JSON.parse(text))).map(([name, value]) => [name, asText(value)]));
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The field `groups`, a JSON list as text. A gateway of an earlier version does not send it. Undefined if malformed. */
function readGroups(text = '[]'): readonly string[] | undefined {
  try {
    const names: unknown = JSON.parse(text);
    const isList = Array.isArray(names) && names.every((name) => typeof name === 'string');
    return isList ? names : undefined;
  } catch {
    return undefined;
  }
}
