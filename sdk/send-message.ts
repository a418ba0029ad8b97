import { createHash } from 'node:crypto';
import { limits } from '../functions/wire/limits.ts';
import { byteLength, isWellFormed } from '../functions/wire/printable.ts';
import { checkKey, checkSocket, toGroup } from './arguments.ts';
import { call, callSocket } from './call.ts';
import { ArgumentError, SockethookError } from './errors.ts';
import type { BroadcastResult, SendOutcome } from './outcomes.ts';
import { readBroadcastResult, readSendOutcome } from './read-outcomes.ts';

/** How a message is sent. */
export interface SendOptions {
  /**
   * Makes the call safe to repeat for 24 hours. A call with the same key and the same arguments sends nothing again and
   * resolves to the result of the first. 1 to 255 printable ASCII characters. Use a new one for each message.
   */
  readonly idempotencyKey?: string;
}

/** The sockets that a broadcast reaches; all by default. */
export interface BroadcastOptions extends SendOptions {
  /** Sockets to leave out, such as the sender's. */
  readonly except?: readonly string[];
  /** Only sockets that connected to this path. */
  readonly path?: string;
  /** Only sockets of this user. */
  readonly user?: string;
  /** Only sockets that are in this group. */
  readonly group?: string;
}

/**
 * Sends a message to a socket or to a list of sockets, even from inside a handshake handler. A socket that is gone is
 * an outcome, not an error. A list of more than 1,000 takes several calls; if one fails, the error's `partial` holds
 * the outcome of those before. An empty list takes none. Rejects with an `ArgumentError`, an `ApiError` or an
 * `UnreachableError`. With an `idempotencyKey`, `problem` is `idempotency_key_reused` if the key was used with other
 * arguments, and `idempotency_key_in_use` while the first call is running.
 */
export async function sendMessage(
  sockets: string | readonly string[],
  body: string,
  { idempotencyKey }: SendOptions = {},
): Promise<SendOutcome> {
  checkBody(body);
  checkKey(idempotencyKey);
  const ids = typeof sockets === 'string' ? [sockets] : [...new Set(sockets)];
  if (ids.some((id) => typeof id !== 'string' || id === '')) {
    throw new ArgumentError(
      'sockets',
      'must be the id of a socket or a list of ids, each a string that is not empty',
    );
  }
  let all: SendOutcome = { delivered: 0, queued: 0, gone: [], failed: [] };
  for (let from = 0; from < ids.length; from += limits.sendSockets) {
    const document = { sockets: ids.slice(from, from + limits.sendSockets), body };
    try {
      const key = keyOfPart(idempotencyKey, from);
      all = add(all, readSendOutcome(await call('POST', '/send', document, key)));
    } catch (error) {
      if (from > 0 && error instanceof SockethookError) error.partial = all;
      throw error;
    }
  }
  return all;
}

/**
 * Sends a message to every open socket, the sender's included, or to those that the options select. Up to 500 are
 * reached before it resolves, to their outcomes. With more it resolves at once, to `{ broadcast }`: the id for
 * `getBroadcast` and `cancelBroadcast`. Rejects with an `ApiError` whose `problem` is `too_many_broadcasts` if a gateway
 * on one machine has too many in progress, and otherwise as `sendMessage`.
 */
export async function broadcastMessage(
  body: string,
  options: BroadcastOptions = {},
): Promise<BroadcastResult> {
  checkBody(body);
  const { except, path, user, group, idempotencyKey } = options;
  if (group !== undefined) toGroup(group);
  checkKey(idempotencyKey);
  const document = { body, except, path, user, group };
  return readBroadcastResult(await call('POST', '/broadcast', document, idempotencyKey));
}

/** The key of the call for the sockets `from` a position in a list: the key counts once, and the calls differ. */
function keyOfPart(key: string | undefined, from: number): string | undefined {
  if (key === undefined || from === 0) return key;
  return createHash('sha256').update(`${from} ${key}`).digest('hex');
}

/**
 * Closes a socket with 1000. Its closed hook follows. Resolves to false if it was not open. Rejects as `sendMessage`.
 */
export async function closeSocket(socket: string): Promise<boolean> {
  checkSocket(socket);
  return callSocket('DELETE', `/sockets/${encodeURIComponent(socket)}`);
}

function checkBody(body: string): void {
  if (typeof body !== 'string')
    throw new ArgumentError('body', 'must be text; turn objects into JSON yourself');
  if (!isWellFormed(body)) throw new ArgumentError('body', 'must be well-formed Unicode');
  // LIMITS=none lifts the limit of a local gateway, so only the gateway knows it. It answers 413.
  if (byteLength(body) > 2 ** 24) throw new ArgumentError('body', 'must be at most 16 MiB');
}

function add(one: SendOutcome, other: SendOutcome): SendOutcome {
  return {
    delivered: one.delivered + other.delivered,
    queued: one.queued + other.queued,
    gone: [...one.gone, ...other.gone],
    failed: [...one.failed, ...other.failed],
  };
}
