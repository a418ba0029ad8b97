/**
 * What API Gateway knows of a client from its upgrade request:
 * - headers that API Gateway knows have canonical names, any other the case that the client gave it
 * - Connection, Upgrade and Content-Length are not passed on; trace id and forwarding headers are added
 * - what headers say is text, decoded as UTF-8
 * - X-Forwarded-For ends with the peer address, behind whatever the client claims
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { newId } from './ids.ts';

/** A client, from its handshake to its end. */
export interface ClientFacts {
  readonly connectionId: string;
  readonly connectedAt: number;
  readonly identity: { readonly sourceIp: string; readonly userAgent?: string };
  /** All texts of each header, as they are passed on. */
  readonly headers: Readonly<Record<string, string[]>>;
  /** All decoded values of each query parameter. */
  readonly query: Readonly<Record<string, string[]>>;
}

const known = [
  'Host',
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Version',
  'X-Amzn-Trace-Id',
  'X-Forwarded-For',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
];
const canonical = new Map(known.map((name) => [name.toLowerCase(), name]));
const dropped = new Set(['connection', 'upgrade', 'content-length']);

/** Takes down what an upgrade request says, and gives its client an id. */
export function clientFacts(request: IncomingMessage): ClientFacts {
  const sourceIp = request.socket.remoteAddress ?? '';
  const userAgent = request.headers['user-agent'];
  const [, query = ''] = (request.url ?? '').split(/\?(.*)/s);
  return {
    connectionId: newId(),
    connectedAt: Date.now(),
    identity: { sourceIp, ...(userAgent !== undefined && { userAgent }) },
    headers: passedOn(request, sourceIp),
    query: grouped(new URLSearchParams(query)),
  };
}

function passedOn({ rawHeaders, headers }: IncomingMessage, sourceIp: string): Record<string, string[]> {
  const pairs = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[canonical.get(name.toLowerCase()) ?? name, decoded(rawHeaders[at + 1] ?? '')]] : [],
  );
  const claimed = headers['x-forwarded-for'];
  const time = Math.floor(Date.now() / 1_000).toString(16);
  return {
    ...grouped(pairs.filter(([name]) => !dropped.has(name.toLowerCase()))),
    'X-Amzn-Trace-Id': [`Root=1-${time}-${randomBytes(12).toString('hex')}`],
    'X-Forwarded-For': [claimed === undefined ? sourceIp : `${claimed}, ${sourceIp}`],
    'X-Forwarded-Port': ['443'],
    'X-Forwarded-Proto': ['https'],
  };
}

/** Node.js has a character for each byte. */
function decoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

function grouped(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
}
