import { gunzipSync, gzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { Subject } from '../../gateway/presences.ts';
import type { Task } from '../../gateway/tasks.ts';
import { type ClientPath, parsePath } from '../../wire/path.ts';
import { byteLength } from '../../wire/printable.ts';
import { groupText, parsed } from '../../wire/schema.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { parseJson } from '../client/parse-json.ts';
import { batchMessage, broadcastId, socketId as socket, writeBatch } from './batch-message.ts';
import { retryMessage, writeRetry } from './retry-message.ts';

const path = v.pipe(v.string(), parsed<ClientPath>(parsePath));

/**
 * The kind of deliveries with a broadcast to a group. An older version, which may still run while this one is deployed,
 * does not know it, and leaves the task in the queue. It would ignore the group, and send to everybody.
 */
const toGroups = 'deliveries_to_groups';

const deliveries = {
  socket,
  hook: v.string(),
  send: v.array(v.object({ sockets: v.array(socket), malformed: v.array(v.string()), body: v.string() })),
  broadcast: v.array(
    v.object({
      body: v.string(),
      except: v.array(socket),
      path: v.optional(path),
      user: v.optional(v.string()),
      group: v.optional(groupText),
      at: v.optional(v.number()),
      from: v.optional(v.string()),
    }),
  ),
  close: v.boolean(),
  stuckRuns: v.optional(v.number()),
};

const subject = v.custom<Subject>(
  (value) =>
    typeof value === 'string' &&
    (value.startsWith('u:') || (value.startsWith('s:') && parseSocketId(value.slice(2)) !== undefined)),
);

const schema = v.variant('kind', [
  v.object({ kind: v.literal('flush'), socket }),
  v.object({ kind: v.literal('closed'), socket }),
  v.object({ kind: v.literal('deliveries'), ...deliveries }),
  v.object({ kind: v.literal(toGroups), ...deliveries }),
  v.object({ kind: v.literal('segment'), broadcast: broadcastId, segment: v.number() }),
  batchMessage,
  v.object({
    kind: v.literal('presence'),
    group: groupText,
    subject,
    socket,
    after: v.optional(v.string()),
    waited: v.optional(v.number()),
  }),
  retryMessage,
  v.object({ kind: v.literal('replay'), until: v.number(), cursor: v.optional(v.string()) }),
]);

/** The most bytes of one message. SQS always took 262,144, and more since 2025. Longer tasks are compressed, then split. */
export const maxBytes = 262_144;
const packed = 'gzip:';

/**
 * Writes a task as one message, or as several if it is too long for one. The recipients of a delivery can be divided,
 * its body can't. If there are several tasks, the last one closes the socket. Throws if dividing does not help.
 */
export function writeTask(task: Task): string[] {
  const text = allowed(JSON.stringify(written(task)));
  if (byteLength(text) <= maxBytes) return [text];
  const shorter = packed + gzipSync(text).toString('base64');
  if (shorter.length <= maxBytes) return [shorter];
  return divided(task).flatMap(writeTask);
}

/** Reads a task that `writeTask` wrote. Throws for anything else, which is never in our queue. */
export function parseTask(text: string): Task {
  return taskOf(parseMessage(text));
}

/** Unpacks a message, and parses its JSON. */
export function parseMessage(text: string): unknown {
  const isPacked = text.startsWith(packed);
  const plain = isPacked ? gunzipSync(Buffer.from(text.slice(packed.length), 'base64')).toString() : text;
  return parseJson(plain);
}

/** The task of a message that was parsed. */
export function taskOf(message: unknown): Task {
  const read = v.safeParse(schema, message);
  // The issue itself may quote what a client has said.
  if (!read.success)
    throw new Error(`A message of the queue can't be read: ${v.getDotPath(read.issues[0])}.`);
  const task = read.output;
  return task.kind === toGroups ? { ...task, kind: 'deliveries' } : task;
}

/** A task as it is written. */
function written(task: Task): unknown {
  if (task.kind === 'batch') return writeBatch(task);
  if (task.kind === 'retry') return writeRetry(task);
  const isToGroups = task.kind === 'deliveries' && task.broadcast.some(({ group }) => group !== undefined);
  return isToGroups ? { ...task, kind: toGroups } : task;
}

/** SQS refuses characters that XML 1.0 does not allow. JSON escapes controls and lone surrogates anyway. */
function allowed(json: string): string {
  return json.replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

/** Two tasks that together do the same: each has half of the deliveries, or half of the sockets of a single send. */
function divided(task: Task): readonly [Task, Task] {
  if (task.kind !== 'deliveries') throw new Error(`A task of ${task.kind} is too long for the queue.`);
  const { send, broadcast } = task;
  const first = { ...task, close: false };
  if (send.length + broadcast.length > 1) {
    const [sends, broadcasts] = [send.length >> 1, (broadcast.length + (send.length % 2)) >> 1];
    return [
      { ...first, send: send.slice(0, sends), broadcast: broadcast.slice(0, broadcasts) },
      { ...task, send: send.slice(sends), broadcast: broadcast.slice(broadcasts) },
    ];
  }
  const [one] = send;
  if (one === undefined || one.sockets.length < 2) throw new Error('A delivery is too long for the queue.');
  const half = one.sockets.length >> 1;
  return [
    { ...first, send: [{ ...one, sockets: one.sockets.slice(0, half) }] },
    { ...task, send: [{ ...one, sockets: one.sockets.slice(half), malformed: [] }] },
  ];
}
