import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Reply, sentence } from './reply.ts';
import { isSigned } from './signature.ts';

/** What the demo reads of a hook; its body has more fields. */
export interface Hook {
  readonly event: 'handshake' | 'message' | 'closed';
  /** The socket that it came from: where an answer is sent. */
  readonly from: string;
  /** The text of a message. */
  readonly body: string;
}

/** Room for a message of 128 KiB whose every byte is escaped, `%xx`, and for the other fields. */
const mostBytes = 1_048_576;

/**
 * Reads a hook that was posted to a path. Refuses what the gateway did not sign, or not lately (401), also where
 * the body, which is signed, and the path, which is not, tell different things; and bodies beyond 1 MiB (413).
 */
export async function readHook(
  request: IncomingMessage,
  path: string,
  key: Uint8Array,
): Promise<Hook | Reply> {
  const length = request.headers['content-length'];
  if (length === undefined) return sentence(411, 'A hook has a Content-Length.');
  if (Number(length) > mostBytes) return sentence(413, `A hook is at most ${mostBytes} bytes.`);
  const raw = await buffer(request);
  if (!isSigned(request.headers, raw, key, Date.now())) return sentence(401, 'The hook is not signed.');
  const field = fields(request.headers['content-type'] ?? '', raw.toString());
  const event = field('event');
  if (!isEvent(event) || segments(path) !== segments(`/websocket/${event}${field('path')}`)) {
    return sentence(401, 'The hook is signed for another path.');
  }
  return { event, from: field('from'), body: field('body') };
}

/**
 * What stands between the slashes of a path, decoded, since a proxy may escape it in another way: an escaped slash is
 * none. Undefined where it is no UTF-8, which no path of a hook is.
 */
function segments(path: string): string | undefined {
  try {
    return JSON.stringify(path.split('/').map(decodeURIComponent));
  } catch {
    return undefined;
  }
}

function isEvent(text: string): text is Hook['event'] {
  return text === 'handshake' || text === 'message' || text === 'closed';
}

/** The fields of a body by name: a form as the gateway posts by default, or JSON if it is set to that. */
function fields(contentType: string, text: string): (name: string) => string {
  const content = contentType.startsWith('application/json') ? parseJson(text) : new URLSearchParams(text);
  const texts = new Map(content);
  return (name) => texts.get(name) ?? '';
}

function parseJson(text: string): [name: string, value: string][] {
  const content: unknown = JSON.parse(text);
  return Object.entries(content ?? {}).map(([name, value]) => [name, String(value)]);
}
