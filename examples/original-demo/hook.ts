import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Reply, sentence } from './reply.ts';
import { isSigned } from './signature.ts';

/** The fields of a hook that the demo reads. Its body has more. */
export interface Hook {
  readonly event: 'handshake' | 'message' | 'closed';
  /** The socket that the hook is about, to which answers are sent. */
  readonly from: string;
  /** The text of a message. */
  readonly body: string;
}

/** Room for a message of 128 KiB with every byte escaped as `%xx`, and for the other fields. */
const mostBytes = 1_048_576;

/**
 * Reads a hook that was posted to this path. Refuses one that the gateway did not sign within the last 5 minutes, or
 * whose path, which is not signed, contradicts the body, which is (401). Refuses bodies over 1 MiB (413).
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
 * The decoded segments of a path, for comparing: a proxy may have changed the escapes. An escaped slash does not
 * separate segments. Undefined if the escapes are not UTF-8, which those of a hook always are.
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

/** The fields of a body by name. The gateway posts a form by default, or JSON if so configured. */
function fields(contentType: string, text: string): (name: string) => string {
  const content = contentType.startsWith('application/json') ? parseJson(text) : new URLSearchParams(text);
  const texts = new Map(content);
  return (name) => texts.get(name) ?? '';
}

function parseJson(text: string): [name: string, value: string][] {
  const content: unknown = JSON.parse(text);
  return Object.entries(content ?? {}).map(([name, value]) => [name, String(value)]);
}
