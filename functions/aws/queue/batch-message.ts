import * as v from 'valibot';
import type { BatchTask } from '../../gateway/tasks.ts';
import { type BroadcastId, parseBroadcastId } from '../../wire/broadcast-id.ts';
import { err, ok, type Result } from '../../wire/result.ts';
import { parsed } from '../../wire/schema.ts';
import { parseSocketId, type SocketId } from '../../wire/socket-id.ts';

/** The id of a broadcast in a message. */
export const broadcastId = v.pipe(
  v.string(),
  parsed<BroadcastId>((text) => {
    const id = parseBroadcastId(text);
    return id === undefined ? err('no broadcast id') : ok(id);
  }),
);

/** The id of a socket in a message. */
export const socketId = v.pipe(
  v.string(),
  parsed<SocketId>((text) => {
    const id = parseSocketId(text);
    return id === undefined ? err('no socket id') : ok(id);
  }),
);

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The base of the times in a list of sockets. */
const base = 36;

/** The sockets of a batch, as `written` writes them. */
const sockets = v.pipe(v.string(), parsed<BatchTask['sockets']>(read));

/** A batch of a broadcast in a message. */
export const batchMessage = v.object({
  kind: v.literal('batch'),
  broadcast: broadcastId,
  segment: count,
  at: count,
  part: count,
  after: v.optional(v.string()),
  sockets,
});

/**
 * Writes a batch in the same form, for JSON. Each socket is its id, `:` and when it was accepted, to the base 36, with
 * nothing after the `:` if it was not open yet. No id has a `:` or a space. That is 26 bytes a socket, so 1,500 fit in one
 * of the 64 KB that SQS bills as a request.
 */
export function writeBatch(batch: BatchTask): v.InferInput<typeof batchMessage> {
  const entry = ({ socket, status, acceptedAt }: BatchTask['sockets'][number]): string =>
    `${socket}:${status === 'open' ? acceptedAt.toString(base) : ''}`;
  return { ...batch, sockets: batch.sockets.map(entry).join(' ') };
}

function read(text: string): Result<BatchTask['sockets'], string> {
  const entries = text === '' ? [] : text.split(' ').map(socketOf);
  const known = entries.filter((entry) => entry !== undefined);
  return known.length === entries.length ? ok(known) : err('no sockets of a batch');
}

function socketOf(entry: string): BatchTask['sockets'][number] | undefined {
  const [id = '', time] = entry.split(':');
  const socket = parseSocketId(id);
  if (socket === undefined) return undefined;
  if (time === '') return { socket, status: 'opening', acceptedAt: 0 };
  const acceptedAt = Number.parseInt(time ?? '', base);
  return Number.isNaN(acceptedAt) ? undefined : { socket, status: 'open', acceptedAt };
}
